import { waitUntil } from "@tidegate/testkit";
import { describe, expect, it } from "vitest";
import { flood } from "../../testing/flood.ts";
import { StallingEventStream } from "../../testing/http-client.ts";
import { startNode, userToken } from "../../testing/running-node.ts";

describe("a client of an event stream that takes nothing any more", () => {
  it("is cut off by the node's rule, although uWebSockets.js would give it up after 10 seconds, without a word", async () => {
    await using node = await startNode({ limits: { outboxBytes: "64MiB", laggingMs: "11s" } });
    const headers = { authorization: `Bearer ${await userToken()}` };
    await using stream = await StallingEventStream.open(
      node.gateway.port,
      "/v1/sse?channels=chat.a",
      headers,
    );
    // It is told when the subscription stands, which both share.
    await (await node.subscriber(["chat.a"])).close();
    await waitUntil(async () => (await node.metric('tidegate_closes_total{code="client"}')) === 1, {
      message: "the WebSocket to be gone",
    });
    stream.pause();
    await flood(node, "chat.a", 350);
    await waitUntil(async () => (await node.metric('tidegate_connections{transport="sse"}')) === 0, {
      message: "the client to be cut off",
      // The kernels may take a little more once or twice before they are full, and each time the wait begins anew.
      timeoutMs: 50_000,
    });
    expect(await node.metric('tidegate_closes_total{code="slow_consumer"}')).toBe(1);
    expect(await node.metric('tidegate_closes_total{code="client"}')).toBe(1);
  }, 60_000);
});
