import { plainNatsHeaders } from "@tidegate/testkit";
import { afterAll, describe, expect, it } from "vitest";
import { type Client, startNode } from "../testing/running-node.ts";

const node = await startNode({
  namespaces: { ticker: { flushInterval: "300ms", conflate: "key", grants: { subscribe: ["ticker.>"] } } },
});
afterAll(() => node[Symbol.asyncDispose]());

const BINARY = Buffer.from([0xff, 0x0a, 0x22]);

function framesOf({ frames }: Client): readonly (string | Buffer)[] {
  return frames.map((frame) => (frame.kind === "text" ? frame.text : frame.binary));
}

describe("batch frames", () => {
  it("bring the same messages to who asked for them, in connect or the address", async () => {
    const channel = "chat.batches";
    const batch = { connect: { batch: true, channels: [channel] } };
    await using plain = await node.subscriber([channel]);
    await using first = await node.connect(batch);
    await using second = await node.connect({ ...batch, query: "batch=true&binary=true" });
    for (const client of [first, second]) {
      await client.next("subscribed");
      expect(framesOf(client)[0]).toContain('"batch":true');
    }
    expect(framesOf(plain)[0]).not.toContain("batch");
    const payloads = ["1", "2", "3", BINARY, "4", "5"];
    for (const payload of payloads) {
      node.publish(channel, payload);
    }
    await node.backend.flush();
    for (const client of [plain, first, second]) {
      await client.next((message) => message.data === 5);
    }
    const messages = framesOf(plain).filter((text) => typeof text === "string" && text.includes('"message"'));
    expect(messages).toHaveLength(6);
    // How many come at once is up to the network.
    const linesOf = (client: Client) =>
      framesOf(client)
        .slice(2)
        .flatMap((frame) => (typeof frame === "string" ? frame.split("\n") : "bytes"));
    expect(linesOf(first)).toStrictEqual(messages);
    expect(linesOf(second)).toStrictEqual(messages.with(3, "bytes"));
  });
});

describe("a namespace that conflates by key", () => {
  it("sends the latest message with each key, and all without one", async () => {
    const channel = "ticker.fx";
    await using plain = await node.subscriber([channel]);
    await using batching = await node.subscriber([channel], { connect: { batch: true } });
    for (const [payload, key] of [
      ["1", "eur"],
      ["2", undefined],
      ["3", "usd"],
      ["4", "eur"],
    ] as const) {
      node.publish(
        channel,
        payload,
        key === undefined ? {} : { headers: plainNatsHeaders({ "Tidegate-Conflate-Key": key }) },
      );
    }
    for (const client of [plain, batching]) {
      expect([
        await client.next("message"),
        await client.next("message"),
        await client.next("message"),
      ]).toMatchObject([{ data: 2 }, { data: 3 }, { data: 4 }]);
      expect(client.pending).toStrictEqual([]);
    }
    expect(framesOf(batching)).toHaveLength(3);
    expect(await node.metric("tidegate_messages_conflated_total")).toBe(1);
  });
});
