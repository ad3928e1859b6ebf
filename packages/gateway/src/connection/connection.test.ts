import type { RequestOutcome } from "@tidegate/broker";
import { describe, expect, it } from "vitest";
import { fixture, opened } from "../../testing/connection-fixture.ts";
import { NOW, PING } from "../../testing/fake-node.ts";
import { turns } from "../../testing/turns.ts";

const REPLY: RequestOutcome = { kind: "reply", payload: Buffer.from("1") };

describe("an open connection", () => {
  it("subscribes to what address and connect name, each once", async () => {
    const { connection, verifier, socket, send } = fixture({ channels: ["chat.a", "chat.b"] });
    connection.begin(undefined);
    send({
      type: "connect",
      id: 1,
      token: verifier.accept("good"),
      channels: ["chat.b", "chat..", "staff.a"],
    });
    await turns();
    expect(socket.messages.slice(1)).toHaveLength(4);
    expect(socket.messages.slice(1)).toEqual(
      expect.arrayContaining([
        { type: "subscribed", channel: "chat.a" },
        { type: "subscribed", channel: "chat.b" },
        expect.objectContaining({ type: "error", code: "channel_invalid", channel: "chat.." }),
        expect.objectContaining({ type: "error", code: "forbidden", channel: "staff.a" }),
      ]),
    );
    expect(socket.messages.some((message) => "id" in message && message["type"] !== "connected")).toBe(false);
  });

  it("sends subscribed before the first message of the channel", async () => {
    const { broker, send, socket } = await opened();
    broker.confirms = false;
    send({ type: "subscribe", id: 1, channel: "chat.a" });
    broker.last.message("1");
    broker.last.confirm();
    broker.last.message("2");
    await turns();
    const types = socket.messages.slice(1).map(({ type }) => type);
    expect(types[0]).toBe("subscribed");
  });

  it("delivers nothing after unsubscribed", async () => {
    const { broker, send, types } = await opened();
    send({ type: "subscribe", id: 1, channel: "chat.a" });
    await turns();
    broker.last.message("1");
    send({ type: "unsubscribe", id: 2, channel: "chat.a" });
    broker.last.message("2");
    await turns();
    expect(types()).toStrictEqual(["connected", "subscribed", "unsubscribed"]);
  });

  it("is closed by a frame above its limit, and not by one at it", async () => {
    const { send, endings } = await opened();
    const frame = (size: number): string => `{"x":"${"x".repeat(size - 8)}"}`;
    send(frame(4_096));
    expect(endings()).toStrictEqual([]);
    send(frame(4_097));
    expect(endings()).toStrictEqual(["frame_too_large"]);
  });

  it("is closed when its token expires, and later if a newer one is put in force", async () => {
    const { connection, verifier, send, pass, endings } = fixture({ ping: { intervalMs: 600_000 } });
    connection.begin(verifier.accept("short", { expiresAt: NOW + 5_000 }));
    await turns();
    send({ type: "refresh", id: 1, token: verifier.accept("longer", { expiresAt: NOW + 10_000 }) });
    await turns();
    pass(9_900);
    expect(endings()).toStrictEqual([]);
    pass(200);
    expect(endings()).toStrictEqual(["token_expired"]);
  });

  it.each([-3_600_000, 3_000_000])("is closed when the date says so, which was set by %d ms", async (ms) => {
    const { connection, verifier, clock, pass, endings } = fixture({ ping: { intervalMs: 1_000 } });
    connection.begin(verifier.accept("good", { expiresAt: NOW + 3_600_000 }));
    await turns();
    clock.ahead += ms;
    const answered = (span: number): void => {
      for (let passed = 0; passed < span; passed += 1_000) {
        pass(1_000);
        connection.heard();
      }
    };
    answered(3_599_000 - ms);
    expect(endings()).toStrictEqual([]);
    answered(2_000);
    expect(endings()).toStrictEqual(["token_expired"]);
  });

  it.each([-3_600_000, 3_000_000])("is pinged in time also when the date is set by %d ms", async (ms) => {
    const { clock, socket, pass, endings } = await opened();
    clock.ahead += ms;
    pass(PING.intervalMs);
    expect(socket.pings).toBe(1);
    expect(endings()).toStrictEqual([]);
    pass(PING.pongTimeoutMs);
    expect(endings()).toStrictEqual(["no_pong"]);
  });

  it("names itself to backends by the token in force", async () => {
    const { connection, verifier, send } = await opened();
    expect(connection.publisher).toMatchObject({ user: "ada", connection: "n1-boot-1", claims: undefined });
    expect(connection.publisher).toBe(connection.publisher);
    send({ type: "refresh", id: 1, token: verifier.accept("newer", { claims: '{"role":"admin"}' }) });
    await turns();
    expect(connection.publisher).toMatchObject({ claims: '{"role":"admin"}' });
  });

  it("is pinged in time, with a sign that scripts can see, and closed when it answers nothing", async () => {
    const { socket, pass, types, endings } = await opened();
    pass(PING.intervalMs);
    expect(socket.pings).toBe(1);
    expect(types()).toStrictEqual(["connected", "ping"]);
    pass(PING.pongTimeoutMs);
    expect(endings()).toStrictEqual(["no_pong"]);
  });

  it("stays as long as anything comes back", async () => {
    const { connection, send, socket, pass, endings } = await opened();
    for (let round = 1; round <= 20; round += 1) {
      pass(PING.pongTimeoutMs - 1);
      if (round % 2 === 0) {
        connection.heard();
      } else {
        send({ type: "ping", id: round });
      }
    }
    expect(socket.pings).toBeGreaterThanOrEqual(8);
    expect(endings()).toStrictEqual([]);
  });

  it("tells a client that lagged how many messages it missed, after those that it got", async () => {
    const { broker, connection, context, send, socket, metric } = await opened({
      limits: { outboxBytes: 16_384 },
    });
    send({ type: "subscribe", id: 1, channel: "chat.a" });
    await turns();
    socket.reading = false;
    for (let sent = 0; sent < 30; sent += 1) {
      broker.last.message(`"${"x".repeat(1_000)}"`);
      await turns(1);
    }
    const got = socket.messages.filter(({ type }) => type === "message").length;
    socket.reading = true;
    socket.buffered = 0;
    connection.writable();
    expect(socket.messages.at(-1)).toMatchObject({
      type: "error",
      code: "messages_missed",
      missed: 30 - got,
      retryable: false,
    });
    expect(socket.messages.at(-1)).not.toHaveProperty("id");
    expect(await metric('tidegate_errors_total{code="messages_missed"}')).toBe(1);
    expect(context.traffic.messagesMissed).toBe(30 - got);
    broker.last.message("1");
    await turns();
    expect(socket.messages.at(-1)).toMatchObject({ type: "message", data: 1 });
  });

  it("gets no signs of life while it lags, only pings, and is closed when that takes too long", async () => {
    const { broker, send, socket, pass, types, endings } = await opened({
      limits: { outboxBytes: 16_384, laggingMs: 30_000 },
      ping: { intervalMs: 10_000, pongTimeoutMs: 300_000 },
    });
    send({ type: "subscribe", id: 1, channel: "chat.a" });
    await turns();
    socket.reading = false;
    broker.last.message(`"${"x".repeat(20_000)}"`);
    await turns();
    pass(29_900);
    expect(socket.pings).toBe(3);
    expect(types()).not.toContain("ping");
    expect(endings()).toStrictEqual([]);
    pass(200);
    expect(endings()).toStrictEqual(["slow_consumer"]);
  });

  it("is closed within a tick when a frame was lost, whatever was sent", async () => {
    const messages = await opened();
    messages.send({ type: "subscribe", id: 1, channel: "chat.a" });
    await turns();
    messages.socket.outcomes = ["dropped"];
    messages.broker.last.message("1");
    await turns();
    messages.pass(100);
    expect(messages.endings()).toStrictEqual(["slow_consumer"]);

    const notices = await opened();
    notices.send({ type: "subscribe", id: 1, channel: "chat.a" });
    await turns();
    notices.socket.outcomes = ["dropped"];
    notices.connection.notifyMissed("{}");
    notices.pass(100);
    expect(notices.endings()).toStrictEqual(["slow_consumer"]);
  });

  it("leaves nothing behind when connected itself is lost", async () => {
    const { connection, socket, verifier, context, pass, endings } = fixture({ channels: ["chat.a"] });
    socket.outcomes = ["dropped"];
    connection.begin(verifier.accept("good"));
    await turns();
    pass(100);
    expect(endings()).toStrictEqual(["slow_consumer"]);
    expect(context.hub.size).toBe(0);
  });

  it("is told of an interruption if it has subscriptions, and only then", async () => {
    const { connection, send, socket, metric } = await opened();
    connection.notifyMissed('{"type":"error"}');
    expect(socket.messages).toHaveLength(1);
    send({ type: "subscribe", id: 1, channel: "chat.a" });
    await turns();
    connection.notifyMissed('{"type":"error"}');
    expect(socket.frames.at(-1)).toBe('{"type":"error"}');
    expect(await metric('tidegate_errors_total{code="messages_missed"}')).toBe(1);
  });

  it("ends everything it holds when it is closed, once", async () => {
    const { broker, connection, context, send, socket, metric, pass, closings } = await opened();
    send({ type: "subscribe", id: 1, channel: "chat.a" });
    send({ type: "request", id: 2, method: "demo.echo" });
    await turns();
    const before = socket.sent.length;
    connection.closed("abnormal");
    connection.closed("client");
    connection.end("draining", "too late");
    await turns();
    expect(closings()).toBe(1);
    expect(context.hub.size).toBe(0);
    expect(broker.requests[0]?.options.signal?.aborted).toBe(true);
    expect(connection.signal.aborted).toBe(true);
    expect(await metric('tidegate_closes_total{code="abnormal"}')).toBe(1);
    expect(await metric('tidegate_closes_total{code="draining"}')).toBe(0);
    send({ type: "ping", id: 3 });
    connection.notify({ type: "ok", id: 9 });
    connection.writable();
    connection.begin("good");
    pass(1_000_000);
    await turns();
    expect(socket.sent).toHaveLength(before);
    expect(socket.ends).toStrictEqual([]);
  });
});

describe("a connection of a node that drains", () => {
  it("gets what was held back to go out with others", async () => {
    const { connection, broker, socket } = await opened({ channels: ["chat.a"] });
    broker.last.message("1");
    connection.drain(740);
    expect(socket.messages.slice(2)).toMatchObject([{ type: "message", data: 1 }, { type: "draining" }]);
  });

  it("is told when to come back and closed, if nothing is in flight", async () => {
    const { connection, socket, endings } = await opened();
    connection.drain(740);
    expect(socket.messages.at(-1)).toStrictEqual({ type: "draining", reconnect: 740 });
    expect(endings()).toStrictEqual(["draining"]);
  });

  it("is closed at once before it is authenticated", () => {
    const { connection, socket, endings } = fixture();
    connection.begin(undefined);
    connection.drain(740);
    expect(socket.sent).toStrictEqual([]);
    expect(endings()).toStrictEqual(["draining"]);
  });

  it("gets every answer in flight first, also those that come in one turn", async () => {
    const { broker, connection, send, socket, endings } = await opened();
    send({ type: "request", id: 1, method: "demo.echo" });
    send({ type: "request", id: 2, method: "demo.echo" });
    connection.drain(740);
    expect(endings()).toStrictEqual([]);
    for (const request of broker.requests) {
      request.answer(REPLY);
    }
    await turns();
    expect(socket.messages.slice(1)).toStrictEqual([
      { type: "draining", reconnect: 740 },
      { type: "reply", id: 1, data: 1 },
      { type: "reply", id: 2, data: 1 },
    ]);
    expect(endings()).toStrictEqual(["draining"]);
  });

  it("is not held up by new requests, while everything else goes on", async () => {
    const { broker, connection, send, socket, endings } = await opened();
    send({ type: "request", id: 1, method: "demo.echo" });
    connection.drain(740);
    connection.drain(10);
    send({ type: "request", id: 2, method: "demo.echo" });
    send({ type: "publish", id: 3, channel: "chat.a", data: 1 });
    expect(socket.messages.slice(2)).toMatchObject([
      { type: "error", id: 2, code: "broker_unavailable", retryable: true },
      { type: "ok", id: 3 },
    ]);
    broker.requests[0]?.answer(REPLY);
    await turns();
    expect(endings()).toStrictEqual(["draining"]);
  });

  it("can still renew its token while it waits for an answer", async () => {
    const { connection, verifier, send, pass, endings } = await opened();
    send({ type: "request", id: 1, method: "demo.echo" });
    connection.drain(740);
    send({ type: "refresh", id: 2, token: verifier.accept("short", { expiresAt: NOW + 1_000 }) });
    await turns();
    expect(connection.isLeaving).toBe(true);
    pass(1_100);
    expect(endings()).toStrictEqual(["token_expired"]);
  });
});
