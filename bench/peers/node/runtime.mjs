// What a function on Node 20 runs in: asks Lambda's Runtime API for events over one kept connection. aws-lambda-ric does
// this in C++ and wants autotools and CMake to be built; this does less than it does, so it flatters Node.
import http from "node:http";

const [host, port] = process.env.AWS_LAMBDA_RUNTIME_API.split(":");
const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });

function ask(method, path, body) {
  return new Promise((resolve, reject) => {
    const request = http.request({ host, port, agent, method, path: `/2018-06-01/runtime${path}` }, (response) => {
      const chunks = [];
      response.on("data", (chunk) => chunks.push(chunk));
      response.on("end", () => resolve({ headers: response.headers, body: Buffer.concat(chunks).toString() }));
      response.on("error", reject);
    });
    request.on("error", reject);
    request.end(body);
  });
}

export async function run(handler) {
  for (;;) {
    const next = await ask("GET", "/invocation/next");
    const id = next.headers["lambda-runtime-aws-request-id"];
    try {
      const answer = await handler(JSON.parse(next.body));
      await ask("POST", `/invocation/${id}/response`, JSON.stringify(answer));
    } catch (error) {
      console.error(error);
      const told = { errorMessage: String(error), errorType: error.name };
      await ask("POST", `/invocation/${id}/error`, JSON.stringify(told));
    }
  }
}
