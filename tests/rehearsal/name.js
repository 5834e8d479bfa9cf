// The service "name", as AWS's sample image of it behaves: HTTP on PORT, a name that is this
// server's own, and the host. It ends at SIGTERM when it has nothing open.
const http = require("http"), os = require("os");

const names = ["Ada", "Barbara", "Claude", "Dennis", "Edsger", "Frances", "Grace", "Hedy", "Ivan", "Jean"];
const name = names[process.pid % names.length];

const server = http.createServer((request, response) => response.end(`${name} (from ${os.hostname()})`));
process.on("SIGTERM", () => server.close());
server.listen({ port: process.env.PORT, backlog: 4096 }, () => console.log("listening"));
