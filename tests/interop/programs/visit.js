// Visit servers as Node programs do: extra roots come from NODE_EXTRA_CA_CERTS. Each
// line read: host, port, certificate, key, with tabs between. Each line written: what
// was served, or what is wrong.
"use strict";
const fs = require("fs");
const https = require("https");

const LOOPBACK = ["localhost", "127.0.0.1", "::1"];

function visit(host, port, certificate, key) {
  const options = { host, port, agent: false, timeout: 20000 };
  if (host.includes(":")) {
    // Node before 20 would take the address in its own Host header for a DNS name.
    options.servername = "";
  }
  if (!LOOPBACK.includes(host)) {
    Object.assign(options, { host: "127.0.0.1", servername: host });
  }
  if (certificate) {
    options.cert = fs.readFileSync(certificate);
    options.key = fs.readFileSync(key);
  }
  return new Promise((resolve) => {
    const refuse = (error) => resolve(`refused: ${error.code} ${error.message}`);
    const request = https.get(options, (response) => {
      let body = "";
      response.on("data", (part) => (body += part));
      response.on("end", () => resolve(body));
      response.on("error", refuse);
    });
    request.on("error", refuse);
  });
}

async function main() {
  for (const line of fs.readFileSync(0, "utf8").split("\n").filter(Boolean)) {
    console.log((await visit(...line.split("\t"))).replace(/\n/g, " "));
  }
}

main();
