import { createServer, type Socket } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { readNatsInfo } from "./nats-info.ts";

async function listen(onConnection: (socket: Socket) => void): Promise<number> {
  const server = createServer((socket) => {
    socket.on("error", () => {});
    onTestFinished(() => void socket.destroy());
    onConnection(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  const address = server.address();
  if (address === null || typeof address === "string") throw new TypeError("it has a port");
  return address.port;
}

test("the message is read even if it comes in pieces", async () => {
  const port = await listen((socket) => {
    socket.setNoDelay(true);
    socket.write('INFO {"server_name":"n1",', () => socket.write('"version":"2.15.2"}\r'));
    setImmediate(() => socket.write("\n"));
  });
  expect(await readNatsInfo("127.0.0.1", port, 5000)).toEqual({ serverName: "n1", version: "2.15.2" });
});

test.each([
  ["another protocol", "220 mail.test ESMTP\r\n"],
  ["no JSON", "INFO nothing\r\n"],
  ["JSON of another kind", "INFO 42\r\n"],
  ["no version", 'INFO {"server_name":"n1"}\r\n'],
  ["a line without end", "x".repeat(100_000)],
])("%s is not taken for a server", async (_name, text) => {
  const port = await listen((socket) => socket.write(text));
  expect(await readNatsInfo("127.0.0.1", port, 5000)).toBeUndefined();
});

test("silence and closing are not taken for a server either", async () => {
  const silent = await listen(() => {});
  expect(await readNatsInfo("127.0.0.1", silent, 20)).toBeUndefined();
  const closing = await listen((socket) => socket.end());
  expect(await readNatsInfo("127.0.0.1", closing, 5000)).toBeUndefined();
  expect(await readNatsInfo("127.0.0.1", 1, 5000)).toBeUndefined();
});
