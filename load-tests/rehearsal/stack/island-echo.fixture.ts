import { createServer } from "node:net";

/** Sends back what it gets, at the address that it is told. Prints its port. */
const server = createServer((socket) => socket.pipe(socket));
server.listen(0, process.argv[2], () => {
  const address = server.address();
  process.stdout.write(`${typeof address === "object" ? address?.port : address}\n`);
});
