import { generateKeyPairSync } from "node:crypto";
import { mintToken } from "@tidegate/auth";
import { encodeFrame, openClient, openRawSocket, upgradeRequest } from "@tidegate/testkit";
import { afterAll, describe, expect, it } from "vitest";
import {
  type Client,
  type ConnectOptions,
  type Received,
  startNode,
  userToken,
} from "../testing/running-node.ts";
import { temporaryFile } from "../testing/temporary-file.ts";

const ORIGIN = "https://app.example.com";
const node = await startNode({
  auth: { cookieName: "session" },
  origins: { allow: [ORIGIN, "same-origin"] },
  limits: {
    unauthenticatedMs: "1s",
    unauthenticatedBytes: "2KiB",
    tokenBytes: "1KiB",
    unauthenticatedMessages: 8,
  },
});
afterAll(() => node[Symbol.asyncDispose]());

const token = await userToken();

/** Tokens of four users, to see which one counted. */
const tokenOf = {
  header: await userToken({ sub: "header" }),
  subprotocol: await userToken({ sub: "subprotocol" }),
  query: await userToken({ sub: "query" }),
  cookie: await userToken({ sub: "cookie" }),
};

async function userOf(options: ConnectOptions): Promise<unknown> {
  await using client = await node.open(options);
  const connected = await client.next("connected");
  expect(connected).not.toHaveProperty("id");
  return connected["user"];
}

describe("credentials of the handshake", () => {
  it.each<[string, ConnectOptions, string]>([
    ["the header", { headers: { Authorization: `Bearer ${tokenOf.header}` } }, "header"],
    ["the subprotocol", { protocols: ["tidegate.v1", `bearer.${tokenOf.subprotocol}`] }, "subprotocol"],
    ["the address", { query: `access_token=${tokenOf.query}` }, "query"],
    [
      "a cookie of a listed origin",
      { headers: { Cookie: `session=${tokenOf.cookie}` }, origin: ORIGIN },
      "cookie",
    ],
  ])("authenticate by %s", async (_what, options, user) => {
    expect(await userOf(options)).toBe(user);
  });

  it("count in the order of the protocol when several are there", async () => {
    const headers = { Cookie: `session=${tokenOf.cookie}` };
    const query = `access_token=${tokenOf.query}`;
    const protocols = ["tidegate.v1", `bearer.${tokenOf.subprotocol}`];
    const all = {
      headers: { ...headers, Authorization: `Bearer ${tokenOf.header}` },
      protocols,
      query,
      origin: ORIGIN,
    };
    expect(await userOf(all)).toBe("header");
    expect(await userOf({ headers, protocols, query, origin: ORIGIN })).toBe("subprotocol");
    expect(await userOf({ headers, query, origin: ORIGIN })).toBe("query");
  });

  it("are not a cookie without an origin, which anybody's page could have sent", async () => {
    await using client = await node.open({ headers: { Cookie: `session=${tokenOf.cookie}` } });
    client.send({ type: "connect", id: 1, token: tokenOf.query });
    expect(await client.next("connected")).toMatchObject({ id: 1, user: "query" });
  });

  it("may come with the channels to subscribe to", async () => {
    await using client = await node.open({ query: `access_token=${token}&channels=chat.a,chat.*` });
    expect((await client.next("connected"))["user"]).toBe("ada");
    expect([
      (await client.next("subscribed")).channel,
      (await client.next("subscribed")).channel,
    ]).toStrictEqual(["chat.a", "chat.*"]);
  });

  it("answer a connect sent all the same", async () => {
    await using client = await node.open({ query: `access_token=${token}` });
    client.send({ type: "connect", id: 5, token });
    expect(await client.next("error")).toMatchObject({ id: 5, code: "already_connected" });
    client.send({ type: "ping", id: 6 });
    expect(await client.next("ok")).toMatchObject({ id: 6 });
  });

  it("that are refused close the connection, and nothing was sent on it", async () => {
    await node.counts('tidegate_authentications_total{outcome="token_malformed"}', async () => {
      const client = await node.open({ query: "access_token=nonsense" });
      expect(await client.closed).toMatchObject({
        code: 4502,
        reason: expect.stringMatching(/^token_invalid: /),
      });
      expect(client.frames).toStrictEqual([]);
    });
  });

  it("beyond what uWebSockets.js takes for all headers get an HTTP status, not a close", async () => {
    const client = openClient(node.url(), { headers: { Authorization: `Bearer ${"x".repeat(5_000)}` } });
    expect(await client.handshake).toMatchObject({ outcome: "refused", status: 431 });
  });
});

describe("the subprotocol", () => {
  it("is tidegate.v1 or none, and never the token", async () => {
    for (const [protocols, chosen] of [
      [["tidegate.v1"], "tidegate.v1"],
      [["mqtt", "tidegate.v1"], "tidegate.v1"],
      [["tidegate.v1", `bearer.${token}`], "tidegate.v1"],
      [[], ""],
    ] as const) {
      await using client = await node.open({ protocols });
      expect(await client.handshake).toStrictEqual({ outcome: "opened", protocol: chosen });
    }
  });

  it("is a reason to refuse the upgrade if there is no common one", async () => {
    for (const protocols of [["mqtt"], [`bearer.${token}`], ["tidegate.v2", "mqtt"]]) {
      const handshake = await openClient(node.url(), { protocols }).handshake;
      expect(handshake).toMatchObject({
        outcome: "refused",
        status: 400,
        headers: { "content-type": "application/problem+json" },
        body: expect.stringContaining("tidegate.v1"),
      });
    }
  });
});

describe("HTTP", () => {
  it("is told by 426 which protocol is spoken here", async () => {
    const response = await fetch(node.http("/v1/ws"));
    expect(response.status).toBe(426);
    expect(response.headers.get("upgrade")).toBe("websocket");
    expect(response.headers.get("sec-websocket-version")).toBe("13");
    expect(await response.json()).toMatchObject({ status: 426 });
  });

  it.each(["/", "/v1", "/v1/ws/", "/v1/wss", "/metrics", "/healthz", "/v1/ws%00"])(
    "finds nothing at %s",
    async (path) => {
      const response = await fetch(node.http(path));
      expect(response.status).toBe(404);
      expect(await response.json()).toMatchObject({ status: 404 });
    },
  );

  it("is refused an upgrade of another version, or with a broken key", async () => {
    for (const headers of [{ "Sec-WebSocket-Version": "8" }, { "Sec-WebSocket-Key": "short" }]) {
      await using socket = await openRawSocket(node.gateway.port);
      await socket.write(upgradeRequest({ path: "/v1/ws", headers }));
      const head = await socket.readResponseHead();
      expect(head.status).toBe(426);
      expect(head.headers["sec-websocket-version"]).toBe("13");
    }
  });

  it("may dribble the headers of its handshake, while others are served", async () => {
    await using slow = await openRawSocket(node.gateway.port);
    // Not the first line: uWebSockets.js answers 505 where a read ends within " HTTP/1.1".
    const [line = "", ...headers] = upgradeRequest({ path: "/v1/ws" }).split("\r\n");
    await slow.write(`${line}\r\n`);
    const dribbling = slow.writeSlowly(headers.join("\r\n"), 1, 4);
    await using client = await node.connect();
    client.send({ type: "ping", id: 2 });
    await client.next("ok");
    await dribbling;
    expect((await slow.readResponseHead()).status).toBe(101);
  });
});

describe("an anonymous client", () => {
  it("is connected at once by channels that are open to it", async () => {
    await using client = await node.open({ query: "channels=news.world,news.*" });
    const connected = await client.next("connected");
    expect(connected).not.toHaveProperty("user");
    expect(connected).not.toHaveProperty("expires");
    await client.next("subscribed");
    await client.next("subscribed");
    node.publish("news.world", '"hello"');
    expect(await client.next("message")).toMatchObject({ channel: "news.world", data: "hello" });
  });

  it("is connected by an empty connect, with the channels in it", async () => {
    await using client = await node.open();
    client.send({ type: "connect", id: 1, channels: ["news.world", "chat.a"] });
    expect(await client.next("connected")).toMatchObject({ id: 1 });
    expect(await client.next("subscribed")).toMatchObject({ channel: "news.world" });
    expect(await client.next("error")).toMatchObject({ code: "forbidden", channel: "chat.a" });
  });

  it("may neither publish, nor ask, nor become a user", async () => {
    await using client = await node.open({ query: "channels=news.world" });
    await client.next("connected");
    client.send({ type: "publish", id: 1, channel: "news.world", data: 1 });
    client.send({ type: "request", id: 2, method: "demo.echo" });
    client.send({ type: "refresh", id: 3, token });
    const codes = new Map<unknown, unknown>();
    for (let count = 0; count < 3; count += 1) {
      const { id, code } = await client.next("error");
      codes.set(id, code);
    }
    expect(Object.fromEntries(codes)).toStrictEqual({ 1: "forbidden", 2: "forbidden", 3: "subject_changed" });
  });

  it("waits for connect if one of the channels in the address is not open", async () => {
    await using client = await node.open({ query: "channels=news.world,chat.a" });
    client.send({ type: "connect", id: 1, token });
    expect(await client.next("connected")).toMatchObject({ id: 1, user: "ada" });
    await client.next("subscribed");
    await client.next("subscribed");
  });
});

describe("before it is authenticated, a client", () => {
  async function closeOf(client: Client): Promise<number> {
    return (await client.closed).code;
  }

  it("may send more behind connect without waiting", async () => {
    await using client = await node.open();
    const messages = [
      { type: "connect", id: 1, token },
      { type: "subscribe", id: 2, channel: "chat.pipelined" },
      { type: "ping", id: 3 },
      { type: "unsubscribe", id: 9, channel: "chat.none" },
      { type: "ping", id: 9 },
    ];
    for (const message of messages) {
      client.send(message);
    }
    expect(await client.next()).toMatchObject({ type: "connected", id: 1 });
    expect(await client.next("subscribed")).toMatchObject({ id: 2 });
    expect(await client.next("ok")).toMatchObject({ id: 3 });
    expect(await client.next("error")).toMatchObject({ id: 9, code: "not_subscribed" });
    const duplicate = await client.next("error");
    expect(duplicate.code).toBe("duplicate_id");
    expect(duplicate).not.toHaveProperty("id");
  });

  it.each<[string, (client: Client) => void, number, string]>([
    ["another message first", (client) => client.send({ type: "ping", id: 1 }), 4500, "connect_required"],
    ["no JSON first", (client) => client.sendText("hello"), 4500, "connect_required"],
    [
      "connect as a binary frame",
      (client) => client.sendBinary(Buffer.from('{"type":"connect","id":1}\n')),
      4500,
      "connect_required",
    ],
    [
      "too large a frame",
      (client) => client.send({ type: "connect", id: 1, x: "x".repeat(2_048) }),
      4505,
      "frame_too_large",
    ],
    [
      "too large a token",
      (client) => client.send({ type: "connect", id: 1, token: "x".repeat(1_025) }),
      4502,
      "token_invalid",
    ],
  ])("is closed for %s", async (_what, send, code, name) => {
    await node.counts(`tidegate_closes_total{code="${name}"}`, async () => {
      const client = await node.open();
      send(client);
      expect(await closeOf(client)).toBe(code);
      expect(client.frames).toStrictEqual([]);
    });
  });

  it.each([
    ["too many messages", 9, 1],
    ["too many bytes", 3, 700],
  ])("is closed for %s behind connect", async (_what, count, size) => {
    const pair = generateKeyPairSync("ec", { namedCurve: "P-256" });
    await using keys = await temporaryFile(pair.publicKey.export({ type: "spki", format: "pem" }).toString());
    // Checking such a signature takes its time, on another thread: all frames of one write come before its end.
    await using slow = await startNode({
      auth: { algorithms: ["ES256"], secret: undefined, publicKeyFile: keys.path },
      limits: { unauthenticatedBytes: "2KiB", tokenBytes: "1KiB", unauthenticatedMessages: 8 },
    });
    const privateKey = pair.privateKey.export({ type: "pkcs8", format: "pem" }).toString();
    const signed = await mintToken({ sub: "ada", expiresInSeconds: 60 }, { algorithm: "ES256", privateKey });
    const behind = Array.from({ length: count }, () => "x".repeat(size));
    await using socket = await slow.raw();
    await socket.write(
      Buffer.concat(
        [JSON.stringify({ type: "connect", id: 1, token: signed }), ...behind].map((payload) =>
          encodeFrame({ payload }),
        ),
      ),
    );
    const close = await socket.readFrame();
    expect([close.opcode, close.payload.readUInt16BE()]).toStrictEqual([8, 4506]);
    expect(await slow.metric('tidegate_closes_total{code="unauthenticated_limit"}')).toBe(1);
  });

  it("is closed when connect does not come in time", async () => {
    await node.counts('tidegate_closes_total{code="connect_timeout"}', async () => {
      const client = await node.open();
      expect(await client.closed).toMatchObject({
        code: 4007,
        reason: "connect_timeout: connect within 1000 ms",
      });
      expect(client.frames).toStrictEqual([]);
    });
  });

  it("is closed without a token where nothing is open to anonymous clients", async () => {
    await using closed = await startNode({ namespaces: { news: { anonymous: undefined } } });
    const client = await closed.open();
    client.send({ type: "connect", id: 1 });
    expect(await closeOf(client)).toBe(4501);
    expect(await closed.metric('tidegate_authentications_total{outcome="token_missing"}')).toBe(1);
  });
});

describe("a page", () => {
  it.each([
    ["a listed origin", ORIGIN],
    ["the node's own", "same-origin"],
  ])("of %s is let in", async (_what, origin) => {
    const own = `http://127.0.0.1:${node.gateway.port}`;
    await using client = await node.connect({ origin: origin === "same-origin" ? own : origin });
    client.send({ type: "ping", id: 2 });
    await client.next("ok");
  });

  it.each(["https://evil.example.com", "null", "http://app.example.com"])(
    "of %s is turned away",
    async (origin) => {
      await node.counts('tidegate_closes_total{code="origin_denied"}', async () => {
        const client = await node.open({ origin, query: `access_token=${token}` });
        expect((await client.closed).code).toBe(4504);
        expect(client.frames).toStrictEqual([]);
      });
    },
  );
});

describe("a wrong address", () => {
  it.each([
    ["another format", "format=xml"],
    ["another value of binary", "binary=1"],
    ["a broken channel", "channels=chat..a"],
    ["a space in a channel", "channels=chat.%20"],
    ["too many channels", `channels=${"chat.a,".repeat(129)}`],
  ])("closes with 4507: %s", async (_what, query) => {
    await node.counts('tidegate_closes_total{code="request_invalid"}', async () => {
      const client = openClient<Received>(node.url(query));
      expect((await client.closed).code).toBe(4507);
    });
  });
});

describe("the node's limits", () => {
  it("turn away what is too many from one address, and too many in all", async () => {
    await using small = await startNode({
      limits: { connections: 3, connectionsPerAddress: 2 },
      listen: { forwardedHops: 1 },
    });
    const from = (address: string) => ({ headers: { "X-Forwarded-For": address } });
    await using first = await small.connect(from("192.0.2.1"));
    await using second = await small.connect(from("203.0.113.66, 192.0.2.1"));
    const third = await small.open(from("192.0.2.1"));
    expect((await third.closed).code).toBe(4002);
    await using fourth = await small.connect(from("192.0.2.2"));
    const fifth = await small.open(from("192.0.2.3"));
    expect((await fifth.closed).code).toBe(4001);
    await first.close();
    await using sixth = await small.connect(from("192.0.2.3"));
    expect(await small.metric('tidegate_closes_total{code="address_limit"}')).toBe(1);
    expect(await small.metric('tidegate_closes_total{code="node_full"}')).toBe(1);
    for (const client of [second, fourth, sixth]) {
      client.send({ type: "ping", id: 2 });
      await client.next("ok");
    }
  });

  it("cannot be got around by a header line of one's own, whether the proxy adds to it or writes another", async () => {
    await using small = await startNode({
      limits: { connectionsPerAddress: 1 },
      listen: { forwardedHops: 1 },
    });
    await using first = await small.connect({ headers: { "X-Forwarded-For": "192.0.2.1" } });
    for (const lines of [
      "X-Forwarded-For: 198.51.100.1, 192.0.2.1",
      "X-Forwarded-For: 198.51.100.1\r\nX-Forwarded-For: 192.0.2.1",
    ]) {
      await using socket = await openRawSocket(small.gateway.port);
      await socket.write(upgradeRequest({ path: "/v1/ws" }).replace("\r\n\r\n", `\r\n${lines}\r\n\r\n`));
      expect((await socket.readResponseHead()).status).toBe(101);
      expect((await socket.readFrame()).payload.readUInt16BE()).toBe(4002);
    }
    first.send({ type: "ping", id: 2 });
    await first.next("ok");
  });
});
