import { describe, expect, it } from "vitest";
import { fixture, opened } from "../../testing/connection-fixture.ts";
import { turns } from "../../testing/turns.ts";

describe("a connection that is not authenticated", () => {
  it("is opened by the token of its handshake", async () => {
    const { socket, connection } = await opened();
    expect(socket.messages).toMatchObject([
      { type: "connected", connection: "n1-boot-1", user: "ada", node: "n1" },
    ]);
    expect(socket.messages[0]).not.toHaveProperty("id");
    expect(connection.principal?.user).toBe("ada");
  });

  it("is opened by the token of connect, which is answered", async () => {
    const { socket, connection, verifier, send } = fixture();
    connection.begin(undefined);
    send({ type: "connect", id: 3, token: verifier.accept("good") });
    expect(connection.principal).toBeUndefined();
    await turns();
    expect(socket.messages).toMatchObject([{ type: "connected", id: 3 }]);
  });

  it("is opened at once for an anonymous client whose channels are all open", async () => {
    const { socket, connection, metric, send } = fixture({ channels: ["news.world", "news.*"] });
    connection.begin(undefined);
    await turns();
    expect(socket.messages).toMatchObject([
      { type: "connected" },
      { type: "subscribed", channel: "news.world" },
      { type: "subscribed", channel: "news.*" },
    ]);
    expect(socket.messages[0]).not.toHaveProperty("user");
    expect(socket.messages[0]).not.toHaveProperty("expires");
    expect(await metric('tidegate_authentications_total{outcome="anonymous"}')).toBe(1);
    send({ type: "connect", id: 1, token: "good" });
    expect(socket.messages.at(-1)).toMatchObject({ code: "already_connected", id: 1 });
  });

  it.each([
    ["no channels", []],
    ["a channel that is not open", ["news.world", "chat.lobby"]],
  ])("waits for connect with %s in the address", async (_what, channels) => {
    const { socket, connection } = fixture({ channels });
    connection.begin(undefined);
    await turns();
    expect(socket.sent).toStrictEqual([]);
  });

  it("is closed when connect brings no token and nothing is open", async () => {
    const { connection, send, endings, metric } = fixture({ policies: new Map() });
    connection.begin(undefined);
    send({ type: "connect", id: 1 });
    expect(endings()).toStrictEqual(["token_missing"]);
    expect(await metric('tidegate_authentications_total{outcome="token_missing"}')).toBe(1);
  });

  it("is closed with what the verifier says, and sent nothing", async () => {
    const { connection, socket, endings, metric } = fixture();
    connection.begin("forged");
    await turns();
    expect(socket.sent).toStrictEqual([]);
    expect(endings()).toStrictEqual(["token_invalid"]);
    expect(await metric('tidegate_authentications_total{outcome="token_signature"}')).toBe(1);
    expect(await metric('tidegate_closes_total{code="token_invalid"}')).toBe(1);
  });

  it("is sent nothing before connected, not even a sign of life, however long the token takes", async () => {
    const gate = Promise.withResolvers<void>();
    const { connection, verifier, socket, pass, types } = fixture({
      limits: { unauthenticatedMs: 300_000 },
      ping: { intervalMs: 5_000, pongTimeoutMs: 300_000 },
    });
    verifier.gate = gate.promise;
    connection.begin(verifier.accept("good"));
    pass(60_000);
    expect(socket.pings).toBeGreaterThan(5);
    expect(socket.sent).toStrictEqual([]);
    gate.resolve();
    await turns();
    expect(types()[0]).toBe("connected");
  });

  it.each([
    ["waiting for connect", undefined],
    ["while the token is verified", "good"],
  ])("is closed at its deadline: %s", async (_what, token) => {
    const { connection, verifier, pass, endings } = fixture();
    verifier.gate = new Promise(() => {});
    connection.begin(token);
    pass(9_900);
    expect(endings()).toStrictEqual([]);
    pass(200);
    expect(endings()).toStrictEqual(["connect_timeout"]);
  });

  it("is closed when its first message is another, or too large", () => {
    const first = fixture();
    first.connection.begin(undefined);
    first.send({ type: "ping", id: 1 });
    expect(first.endings()).toStrictEqual(["connect_required"]);
    const second = fixture();
    second.connection.begin(undefined);
    second.send(`{"type":"connect","id":1,"x":"${"x".repeat(2_048)}"}`);
    expect(second.endings()).toStrictEqual(["frame_too_large"]);
  });

  it("handles what came behind connect in order, after connected", async () => {
    const { connection, verifier, socket, send } = fixture();
    connection.begin(undefined);
    send({ type: "connect", id: 1, token: verifier.accept("good") });
    send({ type: "ping", id: 2 });
    send({ type: "ping", id: 2 });
    send({ type: "ping", id: 3 });
    expect(socket.sent).toStrictEqual([]);
    await turns();
    expect(socket.messages).toMatchObject([
      { type: "connected", id: 1 },
      { type: "ok", id: 2 },
      { type: "error", code: "duplicate_id" },
      { type: "ok", id: 3 },
    ]);
  });

  it("is closed when too much comes behind connect", () => {
    const { connection, verifier, send, endings } = fixture();
    connection.begin(verifier.accept("good"));
    for (let id = 1; id <= 5; id += 1) {
      send({ type: "ping", id });
    }
    expect(endings()).toStrictEqual(["unauthenticated_limit"]);
  });

  it("handles nothing of what it held once it is closed, and opens no more", async () => {
    const { connection, verifier, socket, broker, send, closings } = fixture({ channels: ["chat.a"] });
    connection.begin(verifier.accept("good"));
    send({ type: "publish", id: 1, channel: "chat.a", data: 1 });
    connection.closed("client");
    await turns();
    expect(socket.sent).toStrictEqual([]);
    expect(broker.published).toStrictEqual([]);
    expect(broker.subscriptions).toStrictEqual([]);
    expect(closings()).toBe(1);
  });

  it("stops handling what it held at the frame that closes it", async () => {
    const { connection, verifier, socket, broker, send, endings } = fixture({
      limits: { messageBurst: 1, messagesPerSecond: 1 },
    });
    connection.begin(verifier.accept("good"));
    for (let id = 1; id <= 4; id += 1) {
      send({ type: "publish", id, channel: "chat.a", data: 1 });
    }
    await turns();
    expect(socket.messages).toMatchObject([{ type: "connected" }, { type: "ok" }, { code: "rate_limited" }]);
    expect(endings()).toStrictEqual(["rate_limited"]);
    expect(broker.published).toHaveLength(1);
  });

  it("is closed, not forgotten, when the verifier fails in a way that it never should", async () => {
    const { connection, verifier, logged, endings } = fixture();
    verifier.gate = Promise.reject(new Error("defect"));
    connection.begin("good");
    await turns();
    expect(endings()).toStrictEqual(["internal_error"]);
    expect(logged.map(({ msg }) => msg)).toContain("a connection failed");
  });
});
