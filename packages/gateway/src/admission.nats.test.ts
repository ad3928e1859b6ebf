import { CLOSE_CODES } from "@tidegate/protocol";
import { encodeFrame, opcodes, waitUntil } from "@tidegate/testkit";
import { describe, expect, it } from "vitest";
import { TestEventStream } from "../testing/http-client.ts";
import { startNode, userToken } from "../testing/running-node.ts";

const token = await userToken();
const BEARER = { authorization: `Bearer ${token}` };

describe.concurrent("a node that turns newcomers away", () => {
  it("tells each transport when to come back, and goes on serving requests", async () => {
    // It always has more than that.
    await using node = await startNode({ admission: { retryMs: "2s", memoryBytes: "64MiB" } });
    await waitUntil(async () => (await node.metric('tidegate_shedding{load="memory"}')) === 1);

    const refused = await node.open({ query: `channels=chat.a&access_token=${token}` });
    const { code, reason } = await refused.closed;
    expect(code).toBe(4011);
    const wait = Number(/^overloaded: .*; retry=(\d+)$/.exec(reason)?.[1]);
    expect(wait).toBeGreaterThanOrEqual(1_000);
    expect(wait).toBeLessThanOrEqual(3_000);

    await using stream = await TestEventStream.open(node.http("/v1/sse?channels=chat.a"), BEARER);
    expect(stream.status).toBe(200);
    await waitUntil(() => stream.end === "ended");
    expect(stream.parser.retryMs).toBeGreaterThanOrEqual(1_000);
    expect(stream.parser.retryMs).toBeLessThanOrEqual(3_000);

    const poll = await fetch(node.http("/v1/poll?channels=chat.a&timeout=0"), { headers: BEARER });
    expect(poll.status).toBe(503);
    expect(Number(poll.headers.get("retry-after"))).toBeGreaterThanOrEqual(1);
    expect(await poll.json()).toMatchObject({ code: "overloaded", retryable: true });

    const publish = await fetch(node.http("/v1/publish"), {
      method: "POST",
      headers: { ...BEARER, "content-type": "application/json" },
      body: JSON.stringify({ channel: "chat.a", data: 1 }),
    });
    expect(publish.status).toBe(200);
    await publish.body?.cancel();
    expect(await node.metric('tidegate_turned_away_total{reason="memory"}')).toBe(3);
    expect(await node.ready()).toBe(200);
  });

  it("takes up to its rate, and keeps whom it has taken", async () => {
    await using node = await startNode({ admission: { connectsPerSecond: 1, connectBurst: 2 } });
    const first = await node.subscriber(["chat.a"], { token });
    await using stream = await TestEventStream.open(node.http("/v1/sse?channels=chat.a"), BEARER);
    // So many that some are too many, however long this takes.
    const more = await Promise.all(
      Array.from({ length: 100 }, () => node.open({ query: `access_token=${token}` })),
    );
    const { reason } = await Promise.race(more.map((client) => client.closed));
    expect(reason).toMatch(/too many connect at once; retry=\d+$/);
    await waitUntil(() => {
      node.publish("chat.a", '"on"');
      return stream.events.length > 0;
    });
    expect(await first.next("message")).toMatchObject({ data: "on" });
    await first.close();
  });

  it("lets in all of a storm, in turns, with what they sent meanwhile", async () => {
    await using node = await startNode();
    const clients = await Promise.all(
      Array.from({ length: 300 }, () => node.connect({ token, connect: { channels: ["chat.a"] } })),
    );
    await Promise.all(clients.map((client) => client.next("subscribed")));
    expect(await node.metric("tidegate_arrivals_waiting")).toBe(0);
    await Promise.all(clients.map((client) => client.close()));
  });

  it("closes all of a storm whose tokens are wrong, with a code, and ends their connections itself", async () => {
    await using node = await startNode();
    const connect = encodeFrame({ payload: JSON.stringify({ type: "connect", id: 1, token: "a.b.c" }) });
    await Promise.all(
      Array.from({ length: 300 }, async () => {
        await using socket = await node.raw();
        await socket.write(connect);
        const frame = await socket.readFrame();
        expect(frame.opcode).toBe(opcodes.close);
        expect(frame.payload.readUInt16BE(0)).toBe(CLOSE_CODES.token_invalid.code);
        // Without an answer to the close frame.
        await expect(socket.readFrame()).rejects.toMatchObject({ code: "socket-closed" });
      }),
    );
    expect(await node.metric('tidegate_closes_total{code="token_invalid"}')).toBe(300);
  });

  it("moves clients that are old enough, on WebSockets and event streams", async () => {
    await using node = await startNode({ limits: { connectionAgeMs: "500ms" } });
    // Not waiting for more than this: on a busy machine it is old before it has subscribed.
    const client = await node.connect({ token });
    await using stream = await TestEventStream.open(node.http("/v1/sse?channels=chat.a"), BEARER);
    expect(await client.next("draining")).toMatchObject({ reconnect: expect.any(Number) });
    expect((await client.closed).code).toBe(4012);
    await waitUntil(() => stream.end === "ended");
    expect(stream.events.at(-1)).toMatchObject({
      type: "tidegate.end",
      data: expect.stringContaining("connection_age"),
    });
    expect(await node.metric('tidegate_closes_total{code="connection_age"}')).toBe(2);
    // It may come again at once.
    await using _back = await node.connect({ token });
  });
});
