import { describe, expect, it } from "vitest";
import { fixture, opened } from "../../testing/connection-fixture.ts";
import { PING } from "../../testing/fake-node.ts";
import { turns } from "../../testing/turns.ts";

describe("a raw connection", () => {
  it("gets payloads and nothing else", async () => {
    const { broker, connection, socket, pass } = await opened({ format: "raw", channels: ["chat.a"] });
    broker.last.message("plain");
    await turns();
    pass(PING.intervalMs);
    connection.notifyMissed("{}");
    connection.notify({ type: "ok", id: 1 });
    expect(socket.frames).toStrictEqual(["plain"]);
    expect(socket.pings).toBe(1);
  });

  it("may send connect, once", async () => {
    const { connection, verifier, broker, socket, send, endings } = fixture({
      format: "raw",
      channels: ["chat.a"],
    });
    connection.begin(undefined);
    send({ type: "connect", id: 1, token: verifier.accept("good"), binary: true });
    await turns();
    expect(broker.last.target).toBe("chat.a");
    expect(socket.sent).toStrictEqual([]);
    expect(connection.format).toBe("raw");
    send({ type: "ping", id: 2 });
    expect(endings()).toStrictEqual(["receive_only"]);
  });

  it.each([
    ["instead of connect", undefined],
    ["while its token is verified", "good"],
  ])("is closed by anything else %s", async (_when, token) => {
    const { connection, verifier, send, endings } = fixture({ format: "raw", channels: ["chat.a"] });
    verifier.accept("good");
    connection.begin(token);
    send({ type: "ping", id: 2 });
    await turns();
    expect(endings()).toStrictEqual(["receive_only"]);
  });

  it("is closed when it may not have a channel, or NATS is out of reach", async () => {
    const denied = await opened({ format: "raw", channels: ["staff.a"] });
    expect(denied.endings()).toStrictEqual(["forbidden"]);
    const outage = fixture({ format: "raw", channels: ["chat.a"] });
    outage.broker.state = "disconnected";
    outage.connection.begin(outage.verifier.accept("good"));
    await turns();
    expect(outage.endings()).toStrictEqual(["broker_unavailable"]);
  });

  it("is closed without words when the node drains, lagged or not", async () => {
    const { connection, socket, endings } = await opened({ format: "raw", channels: ["chat.a"] });
    connection.drain(740);
    expect(socket.sent).toStrictEqual([]);
    expect(endings()).toStrictEqual(["draining"]);
  });

  it("hears nothing of messages it missed", async () => {
    const { broker, connection, socket } = await opened({ format: "raw", channels: ["chat.a"] });
    socket.reading = false;
    broker.last.message("x".repeat(20_000));
    await turns();
    broker.last.message("missed");
    await turns();
    socket.reading = true;
    socket.buffered = 0;
    connection.writable();
    expect(socket.sent).toHaveLength(1);
    broker.last.message("on again");
    await turns();
    expect(socket.frames.at(-1)).toBe("on again");
  });
});
