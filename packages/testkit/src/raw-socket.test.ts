import { createServer as createHttpServer } from "node:http";
import { createServer, type Socket } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { WebSocketServer } from "ws";
import { openRawSocket, type RawSocket } from "./raw-socket.ts";
import { upgradeRequest } from "./upgrade-request.ts";
import { closePayload, opcodes } from "./wire-frame.ts";

async function listen(onConnection: (socket: Socket) => void): Promise<number> {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on("error", () => {});
    onTestFinished(() => void socket.destroy());
    onConnection(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  return portOf(server.address());
}

function portOf(address: ReturnType<WebSocketServer["address"]>): number {
  if (address === null || typeof address === "string") throw new TypeError("it has a port");
  return address.port;
}

async function echoServer(): Promise<number> {
  const server = new WebSocketServer({ host: "127.0.0.1", port: 0 });
  server.on("connection", (socket) => {
    socket.on("error", () => {});
    socket.on("message", (data, isBinary) => socket.send(data, { binary: isBinary }));
  });
  await new Promise((resolve) => server.once("listening", resolve));
  onTestFinished(() => {
    for (const client of server.clients) client.terminate();
    server.close();
  });
  return portOf(server.address());
}

async function open(address: string | number): Promise<RawSocket> {
  const socket = await openRawSocket(address);
  onTestFinished(() => socket.close());
  return socket;
}

test("after a handshake frames go both ways, in fragments if they are sent so", async () => {
  const port = await echoServer();
  const socket = await open(`ws://127.0.0.1:${port}/ignored`);
  const head = await socket.handshake({ path: "/chat" });
  expect(head.headers["upgrade"]?.toLowerCase()).toBe("websocket");
  await socket.writeFrame({ payload: "frag", fin: false });
  await socket.writeFrame({ opcode: opcodes.ping, payload: "p" });
  await socket.writeFrame({ opcode: opcodes.continuation, payload: "ments" });
  expect(await socket.readFrame()).toMatchObject({ opcode: opcodes.pong, payload: Buffer.from("p") });
  expect(await socket.readFrame()).toMatchObject({ opcode: opcodes.text, payload: Buffer.from("fragments") });
});

test("abuse reaches the server as it is", async () => {
  const socket = await open(await echoServer());
  await socket.handshake();
  await socket.writeFrame({ payload: Buffer.from([0xc3, 0x28]) });
  const { opcode, payload } = await socket.readFrame();
  expect(opcode).toBe(opcodes.close);
  expect(payload).toEqual(closePayload(1007));
  expect(await socket.ended).toBe("end");
});

test("a refused handshake is an error, and so is a wrong answer to the key", async () => {
  const refusing = createHttpServer((_request, response) => response.writeHead(403).end());
  await new Promise<void>((resolve) => refusing.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void refusing.close());
  const refused = await open(portOf(refusing.address()));
  await expect(refused.handshake({ headers: { Upgrade: undefined } })).rejects.toMatchObject({
    code: "handshake-refused",
    message: expect.stringContaining("403"),
  });

  const wrong = await listen((socket) =>
    socket.write("HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Accept: no\r\n\r\n"),
  );
  await expect((await open(wrong)).handshake()).rejects.toThrow("Sec-WebSocket-Accept is no");
});

test("a handshake can be slow", async () => {
  const socket = await open(await echoServer());
  await socket.writeSlowly(upgradeRequest(), 1, 20);
  expect((await socket.readResponseHead()).status).toBe(101);
});

test("bytes are read as they come, and the rest up to the end", async () => {
  const socket = await open(
    await listen((peer) => {
      peer.write("one");
      peer.end("two and the rest");
    }),
  );
  expect((await socket.readBytes(6)).toString()).toBe("onetwo");
  expect((await socket.readToEnd()).toString()).toBe(" and the rest");
  expect(await socket.ended).toBe("end");
});

test("after the server's end of stream ours stays open until it is ended", async () => {
  const received = Promise.withResolvers<string>();
  const port = await listen((peer) => {
    peer.end();
    let text = "";
    peer.on("data", (chunk: Buffer) => {
      text += chunk;
    });
    peer.on("end", () => received.resolve(text));
  });
  const socket = await open(port);
  await socket.ended;
  await socket.write("still here");
  socket.endWrites();
  expect(await received.promise).toBe("still here");
});

test("a reset shows on both sides, and writing afterwards harms nobody", async () => {
  const error = Promise.withResolvers<string>();
  const socket = await open(
    await listen((peer) => peer.on("error", (reason) => error.resolve(String(reason)))),
  );
  socket.reset();
  expect(await socket.ended).toBe("reset");
  expect(await error.promise).toContain("ECONNRESET");
  await socket.write("into the void");

  const cut = await open(await listen((peer) => peer.once("data", () => peer.resetAndDestroy())));
  await cut.write("cut me off");
  expect(await cut.ended).toBe("reset");
});

test("reads fail when the stream ends or the time is over, and tell what is unread", async () => {
  const ended = await open(await listen((peer) => peer.end("ab")));
  await expect(ended.readFrame()).rejects.toMatchObject({
    code: "socket-closed",
    message: expect.stringContaining("2 bytes are unread, last 6162"),
  });
  const silent = await open(await listen(() => {}));
  await expect(silent.readBytes(1, 10)).rejects.toMatchObject({
    code: "timeout",
    message: expect.stringContaining("nothing is unread"),
  });
});

test("a paused socket lets the server's send buffer fill", async () => {
  const peer = Promise.withResolvers<Socket>();
  const socket = await open(await listen((accepted) => peer.resolve(accepted)));
  socket.pause();
  const accepted = await peer.promise;
  const total = 32 * 2 ** 20;
  const drained = new Promise<void>((resolve) => accepted.once("drain", resolve));
  expect(accepted.write(Buffer.alloc(total))).toBe(false);
  expect(accepted.writableLength).toBeGreaterThan(0);
  socket.resume();
  await drained;
  expect((await socket.readBytes(total)).length).toBe(total);
});

test("nobody listening is an error", async () => {
  await expect(openRawSocket(1)).rejects.toMatchObject({ code: "socket-closed" });
});
