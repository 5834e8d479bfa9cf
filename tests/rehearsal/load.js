// Clients of hello, which ask its tasks in turn, each on a connection of its own.
//   node load.js steady CLIENTS URL... each asks again 200 ms after its answer, until SIGTERM
//   node load.js count NUMBER URL...   so many requests in all, eight at a time
// A line for each: milliseconds, and the answer, or "FAILED" and why. A client waits for 30 s.
const http = require("http");

const [mode, number, ...urls] = process.argv.slice(2);
let asked = 0, over = false;

function ask(done) {
  const begin = process.hrtime.bigint();
  let said = false;
  const say = (text) => {
    if (said) return;
    said = true;
    console.log(`${(Number(process.hrtime.bigint() - begin) / 1e6).toFixed(1)} ${text.trim()}`);
    done();
  };
  const request = http.get(urls[asked++ % urls.length], { agent: false, timeout: 30000 }, (response) => {
    let text = "";
    response.setEncoding("utf8");
    response.on("data", (piece) => { text += piece; });
    response.on("end", () => say(response.statusCode === 200 ? text : `FAILED ${response.statusCode} ${text}`));
    response.on("error", (error) => say(`FAILED ${error.message}`));
  });
  request.on("timeout", () => request.destroy(new Error("no answer in 30 s")));
  request.on("error", (error) => say(`FAILED ${error.message}`));
}

function again() {
  setTimeout(() => over || ask(again), 200);
}

function next() {
  if (asked < number) ask(next);
}

if (mode === "steady") {
  process.on("SIGTERM", () => { over = true; });
  for (let i = 0; i < number; i++) ask(again);
} else for (let i = 0; i < 8; i++) next();
