import { describe, expect, it } from "vitest";
import { fixture, opened } from "../../testing/connection-fixture.ts";

/** Nobody answers pings here. */
const LIMIT = { limits: { connectionAgeMs: 60_000 }, ping: { pongTimeoutMs: 1e9 } };

describe("the age of a connection", () => {
  it("ends it, in order: says when to come back, answers what is in flight, and closes", async () => {
    const { pass, types, endings, connection, socket } = await opened(LIMIT);
    pass(59_900);
    expect(types()).not.toContain("draining");
    pass(200);
    expect(types().at(-1)).toBe("draining");
    expect(socket.messages.at(-1)).toMatchObject({ reconnect: 500 });
    expect(endings()).toStrictEqual(["connection_age"]);
    expect(connection.isClosed).toBe(true);
  });

  it("waits for a request in flight", async () => {
    const { pass, endings, send, connection } = await opened({
      ...LIMIT,
      limits: { ...LIMIT.limits, requestTimeoutMs: 300_000 },
    });
    send({ type: "request", id: 2, method: "demo.echo" });
    pass(60_200);
    expect(connection.isLeaving).toBe(true);
    expect(endings()).toStrictEqual([]);
    connection.drain(100);
    expect(endings()).toStrictEqual([]);
  });

  it("has no limit unless one is set, and none before a connection is authenticated", async () => {
    const ageless = await opened({ ping: LIMIT.ping });
    ageless.pass(3_500_000);
    expect(ageless.endings()).toStrictEqual([]);
    const entering = fixture({ limits: { connectionAgeMs: 1_000 } });
    entering.pass(5_000);
    expect(entering.endings()).toStrictEqual([]);
  });
});
