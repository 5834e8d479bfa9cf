// Clients of hello, which ask its tasks in turn, each on a connection of its own.
//   node load.js steady RATE URL...    so many a second, until SIGTERM
//   node load.js count NUMBER URL...   so many in all, eight at a time
// A line for each: milliseconds, and the answer, or "FAILED" and why. A client waits for 30 s.
const http = require("http");

const [mode, number, ...urls] = process.argv.slice(2);
let asked = 0, open = 0, over = false;

function ask(done) {
  const begin = process.hrtime.bigint();
  let said = false;
  const say = (text) => {
    if (said) return;
    said = true;
    open--;
    console.log(`${(Number(process.hrtime.bigint() - begin) / 1e6).toFixed(1)} ${text.trim()}`);
    done();
  };
  open++;
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

function steady() {
  const begin = Date.now();
  const timer = setInterval(() => {
    while (!over && asked < ((Date.now() - begin) * number) / 1000) ask(() => {});
    if (over && open === 0) clearInterval(timer);
  }, 5);
  process.on("SIGTERM", () => { over = true; });
}

function next() {
  if (asked < number) ask(next);
}

if (mode === "steady") steady();
else for (let i = 0; i < 8; i++) next();
