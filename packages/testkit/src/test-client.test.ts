import { createServer } from "node:http";
import { createServer as createTcpServer } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { type WebSocket, WebSocketServer } from "ws";
import { type OpenClientOptions, openClient } from "./test-client.ts";
import { waitUntil } from "./wait-until.ts";

interface Peer {
  readonly socket: WebSocket;
  readonly headers: Readonly<Record<string, unknown>>;
}

async function connected(options: OpenClientOptions = {}) {
  const server = new WebSocketServer({
    host: "127.0.0.1",
    port: 0,
    handleProtocols: (protocols) => [...protocols][0] ?? false,
  });
  await new Promise((resolve) => server.once("listening", resolve));
  onTestFinished(() => {
    for (const client of server.clients) client.terminate();
    server.close();
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new TypeError("it has a port");
  const peer = Promise.withResolvers<Peer>();
  server.on("connection", (socket, request) => {
    socket.on("error", () => {});
    peer.resolve({ socket, headers: request.headers });
  });
  const client = openClient(`ws://127.0.0.1:${address.port}`, options);
  onTestFinished(async () => {
    await client.close();
  });
  await client.opened;
  return { client, ...(await peer.promise) };
}

test("the handshake carries protocols, headers and origin", async () => {
  const { client, headers } = await connected({
    protocols: ["tidegate.v1", "token.abc"],
    headers: { authorization: "Bearer t" },
    origin: "https://app.test",
  });
  expect(headers).toMatchObject({
    "sec-websocket-protocol": "tidegate.v1,token.abc",
    authorization: "Bearer t",
    origin: "https://app.test",
  });
  expect(headers["sec-websocket-extensions"]).toBeUndefined();
  expect(await client.handshake).toEqual({ outcome: "opened", protocol: "tidegate.v1" });
  const { headers: compressing } = await connected({ compression: true });
  expect(compressing["sec-websocket-extensions"]).toContain("permessage-deflate");
});

test("messages are taken in order, by type, or by a predicate; the others stay", async () => {
  const { client, socket } = await connected();
  for (const n of [1, 2, 3]) socket.send(JSON.stringify({ type: n === 2 ? "even" : "odd", n }));
  socket.send(Buffer.from([1, 2]));
  socket.send("plain");
  expect(await client.next("even")).toEqual({ type: "even", n: 2 });
  expect(await client.next(({ n }) => n === 3)).toEqual({ type: "odd", n: 3 });
  expect(await client.next()).toEqual({ type: "odd", n: 1 });
  expect((await client.next()).binary).toEqual(Buffer.from([1, 2]));
  expect((await client.next()).text).toBe("plain");
  expect(client.pending).toEqual([]);
  expect(client.frames.map(({ kind }) => kind)).toEqual(["text", "text", "text", "binary", "text"]);
});

test("a wait before the message gets it, the oldest wait first", async () => {
  const { client, socket } = await connected();
  const waits = [client.next("b"), client.next(), client.next()];
  for (const type of ["a", "b", "c"]) socket.send(JSON.stringify({ type }));
  expect((await Promise.all(waits)).map(({ type }) => type)).toEqual(["b", "a", "c"]);
});

test("a frame with an object per line gives a message per line", async () => {
  const { client, socket } = await connected();
  socket.send('{"n":1}\n{"n":2}');
  expect([await client.next(), await client.next()]).toEqual([{ n: 1 }, { n: 2 }]);
  expect(client.frames).toEqual([{ kind: "text", text: '{"n":1}\n{"n":2}' }]);
});

test("a predicate that throws fails its own wait only", async () => {
  const { client, socket } = await connected();
  const failing = client.next(() => {
    throw new Error("bad predicate");
  });
  const other = client.next("a");
  socket.send('{"type":"a"}');
  await expect(failing).rejects.toThrow("bad predicate");
  expect(await other).toEqual({ type: "a" });
});

test("a wait that gets nothing in time says what did arrive", async () => {
  const { client, socket } = await connected();
  await expect(client.next("b", 10)).rejects.toThrow("nothing had arrived");
  socket.send('{"type":"a"}');
  socket.send(Buffer.from([0xab]));
  await waitUntil(() => client.frames.length === 2);
  const failure: unknown = await client.next("b", 10).catch((error) => error);
  expect(failure).toMatchObject({ code: "timeout" });
  expect(String(failure)).toContain('a message of type "b" did not arrive within 10 ms');
  expect(String(failure)).toContain('2 messages had arrived:\n  {"type":"a"}\n  1 binary bytes ab');
  expect(await client.next("a")).toEqual({ type: "a" });
});

test("a close fails the waits with its code and what did arrive; what is pending can still be taken", async () => {
  const { client, socket } = await connected();
  const waiting = client.next("b");
  socket.send('{"type":"a"}');
  socket.close(4001, "no more");
  const failure: unknown = await waiting.catch((error) => error);
  expect(failure).toMatchObject({ code: "socket-closed" });
  expect(String(failure)).toContain("closed with 4001 (no more) before a message of type");
  expect(String(failure)).toContain('{"type":"a"}');
  expect(await client.closed).toEqual({ code: 4001, reason: "no more" });
  expect(await client.next()).toEqual({ type: "a" });
  await expect(client.next()).rejects.toMatchObject({ code: "socket-closed" });
});

test("nothing that nobody awaits becomes an unhandled rejection", async () => {
  const rejections: unknown[] = [];
  const note = (reason: unknown) => rejections.push(reason);
  process.on("unhandledRejection", note);
  onTestFinished(() => void process.off("unhandledRejection", note));
  const { client, socket } = await connected();
  void client.next("never", 5);
  void client.next("never");
  socket.terminate();
  expect(await client.closed).toMatchObject({ code: 1006 });
  void client.next("never");
  const failed = openClient("ws://127.0.0.1:1");
  await failed.closed;
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(rejections).toEqual([]);
});

test("objects, text and bytes are sent, and on a closed connection lost", async () => {
  const { client, socket } = await connected();
  const received: [string, boolean][] = [];
  socket.on("message", (data, isBinary) => received.push([String(data), isBinary]));
  client.send({ type: "a" });
  client.sendText("not json");
  client.sendBinary(new Uint8Array([65]));
  await waitUntil(() => received.length === 3);
  expect(received).toEqual([
    ['{"type":"a"}', false],
    ["not json", false],
    ["A", true],
  ]);
  await client.close();
  client.send({ type: "late" });
  expect(received).toHaveLength(3);
});

test("sending before the connection is open is misuse", async () => {
  const client = openClient("ws://127.0.0.1:1");
  expect(() => client.send({})).toThrow(TypeError);
  await client.closed;
});

test("closing is orderly and reported; terminating is not orderly", async () => {
  const first = await connected();
  const seen = new Promise((resolve) =>
    first.socket.on("close", (code, reason) => resolve([code, String(reason)])),
  );
  expect(await first.client.close(4100, "done")).toEqual({ code: 4100, reason: "done" });
  expect(await seen).toEqual([4100, "done"]);
  expect(await first.client.close()).toEqual({ code: 4100, reason: "done" });

  const second = await connected();
  const lost = new Promise((resolve) => second.socket.on("close", resolve));
  second.client.terminate();
  expect(await lost).toBe(1006);
});

test("leaving the scope closes the connection, even one that is paused", async () => {
  const { client, socket } = await connected();
  const closed = new Promise((resolve) => socket.on("close", resolve));
  {
    await using scoped = client;
    scoped.pause();
  }
  expect(await closed).toBe(1000);
});

test("a paused client takes nothing until it is resumed", async () => {
  const { client, socket } = await connected();
  client.pause();
  const total = 24 * 2 ** 20;
  socket.send(Buffer.alloc(total));
  expect(socket.bufferedAmount).toBeGreaterThan(0);
  expect(client.frames).toEqual([]);
  client.resume();
  expect((await client.next()).binary?.length).toBe(total);
});

test("pings are answered unless it plays dead, and recorded either way", async () => {
  const { client, socket } = await connected();
  const pong = new Promise((resolve) => socket.on("pong", (data) => resolve(String(data))));
  socket.ping("are you there");
  expect(await pong).toBe("are you there");
  expect(client.frames).toEqual([{ kind: "ping", binary: Buffer.from("are you there") }]);

  const dead = await connected({ answerPings: false });
  let answers = 0;
  dead.socket.on("pong", () => {
    answers += 1;
  });
  dead.socket.ping();
  // What it sends after the ping has arrived would follow the answer, were there one.
  await waitUntil(() => dead.client.frames.length === 1);
  dead.client.sendText("after");
  await new Promise((resolve) => dead.socket.once("message", resolve));
  expect(answers).toBe(0);
});

test("a refused handshake tells status, headers and body", async () => {
  const server = createServer();
  server.on("upgrade", (_request, socket) => {
    socket.end("HTTP/1.1 403 Forbidden\r\nRetry-After: 7\r\nContent-Length: 9\r\n\r\nforbidden");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  const address = server.address();
  if (address === null || typeof address === "string") throw new TypeError("it has a port");
  const client = openClient(`ws://127.0.0.1:${address.port}`);
  await expect(client.opened).rejects.toMatchObject({
    code: "handshake-refused",
    message: "handshake-refused: HTTP status 403: forbidden",
  });
  expect(await client.handshake).toMatchObject({
    outcome: "refused",
    status: 403,
    headers: { "retry-after": "7" },
    body: "forbidden",
  });
  expect(await client.closed).toMatchObject({ code: 1006 });
});

test("a handshake that fails tells why", async () => {
  const nobody = openClient("ws://127.0.0.1:1");
  await expect(nobody.opened).rejects.toThrow("ECONNREFUSED");

  const server = createTcpServer((socket) => socket.destroy());
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  const address = server.address();
  if (address === null || typeof address === "string") throw new TypeError("it has a port");
  const cut = openClient(`ws://127.0.0.1:${address.port}`);
  expect(await cut.handshake).toMatchObject({ outcome: "failed" });
  await expect(cut.next()).rejects.toMatchObject({ code: "socket-closed" });
});

test("closing while it connects ends the attempt", async () => {
  const server = createTcpServer(() => {});
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  const address = server.address();
  if (address === null || typeof address === "string") throw new TypeError("it has a port");
  const client = openClient(`ws://127.0.0.1:${address.port}`);
  expect(await client.close()).toMatchObject({ code: 1006 });
  expect(await client.handshake).toMatchObject({ outcome: "failed" });
});
