import type { NatsConnection } from "@tidegate/testkit";
import { plainNatsHeaders } from "@tidegate/testkit";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Client, GRANTS, type Received, startNode, userToken } from "../testing/running-node.ts";

const node = await startNode({
  auth: { forwardClaims: ["role"], leewayMs: 0 },
  limits: { requestsInFlight: 3, requestTimeoutMs: "2s", payloadBytes: "8KiB" },
});
afterAll(() => node[Symbol.asyncDispose]());

type BackendMessage = Parameters<
  NonNullable<NonNullable<Parameters<NatsConnection["subscribe"]>[1]>["callback"]>
>[1];

/** A backend method: a plain NATS subscription. */
function method(name: string, handle: (message: BackendMessage) => void): void {
  node.backend.subscribe(`rpc.demo.${name}`, {
    callback: (_error, message) => {
      handle(message);
    },
  });
}

const held: BackendMessage[] = [];
let onHeld: () => void = () => {};

beforeAll(async () => {
  method("echo", (message) => {
    message.respond(message.data);
  });
  method("who", (message) => {
    const headers = ["Tidegate-User", "Tidegate-Connection", "Tidegate-Claims", "Tidegate-Event"];
    message.respond(JSON.stringify(headers.map((name) => message.headers?.get(name) ?? "")));
  });
  method("empty", (message) => {
    message.respond();
  });
  method("binary", (message) => {
    message.respond(Buffer.from([0xff, 0x0a, 0x00]));
  });
  method("fail", (message) => {
    const headers = plainNatsHeaders({
      "Nats-Service-Error-Code": "404",
      "Nats-Service-Error": "no such room",
    });
    message.respond("", { headers });
  });
  method("silent", () => {});
  method("hold", (message) => {
    held.push(message);
    onHeld();
  });
  await node.backend.flush();
});

async function ask(client: Client, message: object): Promise<Received> {
  const { id } = message as { id: number };
  client.send({ type: "request", ...message });
  return client.next((received) => received.id === id);
}

describe("request", () => {
  it.each([
    ["JSON", { data: { n: 1 } }, { data: { n: 1 } }],
    ["text", { data: "hi", encoding: "text" }, { data: "hi", encoding: "text" }],
    ["bytes", { data: "/wo=", encoding: "base64" }, { data: "/wo=", encoding: "base64" }],
    ["nothing", {}, {}],
  ])("carries %s there and back", async (_what, fields, expected) => {
    await using client = await node.connect();
    expect(await ask(client, { id: 2, method: "demo.echo", ...fields })).toStrictEqual({
      type: "reply",
      id: 2,
      ...expected,
    });
  });

  it("tells the backend who asks, and nothing that the client made up", async () => {
    await using client = await node.open();
    client.send({ type: "connect", id: 1, token: await userToken({ extra: { role: "admin" } }) });
    const { connection } = await client.next("connected");
    const { data } = await ask(client, { id: 2, method: "demo.who", event: "forged", user: "root" });
    expect(data).toStrictEqual(["ada", connection, '{"role":"admin"}', ""]);
  });

  it("is answered by a binary frame where the client asked for those, for bytes alone", async () => {
    await using client = await node.connect({ connect: { binary: true } });
    client.send({ type: "request", id: 2, method: "demo.binary" });
    const { binary } = await client.next((message) => message.binary !== undefined);
    expect(binary).toStrictEqual(
      Buffer.concat([Buffer.from('{"type":"reply","id":2}\n'), Buffer.from([0xff, 0x0a, 0])]),
    );
    client.sendBinary(
      Buffer.concat([Buffer.from('{"type":"request","id":3,"method":"demo.echo"}\n'), Buffer.from("[1]")]),
    );
    expect(await client.next("reply")).toStrictEqual({ type: "reply", id: 3, data: [1] });
  });

  it.each([
    ["the backend's own error", "demo.fail", {}, "service_error", false],
    ["that nobody listens", "demo.nobody", {}, "no_responders", true],
    ["that nobody replied in time", "demo.silent", { timeout: 100 }, "request_timeout", true],
    ["that a method has two tokens", "demo", {}, "channel_invalid", false],
    ["that it is not granted", "admin.drop", {}, "forbidden", false],
    ["that the payload is too large", "demo.echo", { data: "x".repeat(9_000) }, "payload_too_large", false],
  ])("tells %s", async (_what, name, fields, code, retryable) => {
    await using client = await node.connect();
    const answer = await ask(client, { id: 2, method: name, ...fields });
    expect(answer).toMatchObject({ type: "error", id: 2, code, retryable });
    if (code === "service_error") {
      expect(answer).toMatchObject({ detail: { status: "404", message: "no such room" } });
    }
  });

  it("waits no longer than the limit, whatever the client says", async () => {
    await using client = await node.connect();
    expect(await ask(client, { id: 2, method: "demo.silent", timeout: 600_000 })).toMatchObject({
      code: "request_timeout",
      message: expect.stringContaining("2000 ms"),
    });
  });

  it("is refused above the number in flight, and answers overtake each other", async () => {
    await using client = await node.connect();
    const arrived = new Promise<void>((resolve) => {
      onHeld = () => held.length === 3 && resolve();
    });
    for (const id of [2, 3, 4]) {
      client.send({ type: "request", id, method: "demo.hold" });
    }
    await arrived;
    expect(await ask(client, { id: 5, method: "demo.echo" })).toMatchObject({
      code: "request_limit",
      retryable: true,
    });
    client.send({ type: "ping", id: 6 });
    expect(await client.next("ok")).toMatchObject({ id: 6 });
    for (const [index, message] of held.splice(0).reverse().entries()) {
      message.respond(String(index));
    }
    const replies = [await client.next("reply"), await client.next("reply"), await client.next("reply")];
    expect(replies.map(({ id, data }) => [id, data])).toStrictEqual([
      [4, 0],
      [3, 1],
      [2, 2],
    ]);
    expect(await ask(client, { id: 7, method: "demo.echo", data: 1 })).toMatchObject({ type: "reply" });
  });

  it("of a client that is gone is forgotten", async () => {
    const client = await node.connect();
    const arrived = new Promise<void>((resolve) => {
      onHeld = resolve;
    });
    client.send({ type: "request", id: 2, method: "demo.hold" });
    await arrived;
    await node.counts('tidegate_requests_total{outcome="aborted"}', () => client.close());
    held.splice(0)[0]?.respond("too late");
  });
});

// Most of the time here is spent waiting for tokens to expire.
describe.concurrent("refresh", () => {
  it("puts a new token in force, with its expiry", async () => {
    await using client = await node.connect({ token: await userToken({ expiresInSeconds: 2 }) });
    const renewed = await userToken({ expiresInSeconds: 7_200 });
    client.send({ type: "refresh", id: 2, token: renewed });
    const { expires } = await client.next("ok");
    expect(expires).toBeGreaterThan(Date.now() + 7_000_000);
    // Past the first token's end the connection still works.
    expect(await ask(client, { id: 3, method: "demo.silent", timeout: 2_000 })).toMatchObject({
      code: "request_timeout",
    });
    client.send({ type: "ping", id: 4 });
    await client.next("ok");
  });

  it("keeps the old token when the new one is bad or another's, and ends with it", async () => {
    await using client = await node.connect({ token: await userToken({ expiresInSeconds: 2 }) });
    client.send({ type: "refresh", id: 2, token: "nonsense" });
    expect(await client.next("error")).toMatchObject({ id: 2, code: "token_invalid", retryable: false });
    client.send({ type: "refresh", id: 3, token: await userToken({ expiresInSeconds: -5 }) });
    expect(await client.next("error")).toMatchObject({ id: 3, code: "token_expired" });
    client.send({ type: "refresh", id: 4, token: await userToken({ sub: "eve" }) });
    expect(await client.next("error")).toMatchObject({ id: 4, code: "subject_changed" });
    client.send({ type: "ping", id: 5 });
    await client.next("ok");
    await node.counts('tidegate_closes_total{code="token_expired"}', async () => {
      expect(await client.closed).toMatchObject({ code: 4005 });
    });
  });

  it("ends the subscriptions that the new grants do not cover, and keeps the others", async () => {
    await using client = await node.subscriber(["chat.keep", "chat.lose", "chat.*"]);
    client.send({
      type: "refresh",
      id: 2,
      token: await userToken({ grants: { ...GRANTS, subscribe: ["chat.keep"] } }),
    });
    const ended = [await client.next("unsubscribed"), await client.next("unsubscribed")];
    expect(ended).toMatchObject([
      { channel: "chat.lose", code: "forbidden" },
      { channel: "chat.*", code: "forbidden" },
    ]);
    expect(ended.every((message) => !("id" in message))).toBe(true);
    expect(await client.next("ok")).toMatchObject({ id: 2 });
    node.publish("chat.lose", "1");
    node.publish("chat.keep", "2");
    expect(await client.next("message")).toMatchObject({ channel: "chat.keep", data: 2 });
    client.send({ type: "subscribe", id: 3, channel: "chat.lose" });
    expect(await client.next("error")).toMatchObject({ id: 3, code: "forbidden" });
  });
});

describe.concurrent("a token that expires", () => {
  it("ends its connection, in time", async () => {
    const client = await node.connect({ token: await userToken({ expiresInSeconds: 2 }) });
    expect(await client.closed).toMatchObject({
      code: 4005,
      reason: expect.stringMatching(/^token_expired: /),
    });
  });

  it("is refused when it has expired before", async () => {
    const client = await node.open({ query: `access_token=${await userToken({ expiresInSeconds: -1 })}` });
    expect(await client.closed).toMatchObject({ code: 4005 });
    expect(client.frames).toStrictEqual([]);
  });
});
