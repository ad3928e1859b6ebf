import { connectPlainNats, type NatsConnection, type OwnNatsServer, startNats } from "@tidegate/testkit";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { readTruth } from "./accounting/read-truth.ts";
import { ApiTraffic } from "./stack/api-traffic.ts";
import { readStreamInfo } from "./stack/stream-info.ts";
import { SteadyPublisher } from "./steady-publisher.ts";

let server: OwnNatsServer;
let nats: NatsConnection;
let publisher: SteadyPublisher;

beforeEach(async () => {
  server = await startNats({ own: true });
  nats = await connectPlainNats(server.url);
  const stream = { name: "rt_chat", subjects: ["rt.chat.>"], allow_direct: true };
  await nats.request("$JS.API.STREAM.CREATE.rt_chat", JSON.stringify(stream));
  publisher = new SteadyPublisher(nats, "rt");
});

afterEach(async () => {
  await nats.close();
  await server.stop();
});

describe("SteadyPublisher", () => {
  test("publishes what readTruth reads, numbered by channel", async () => {
    publisher.publish("chat.a");
    publisher.publish("chat.b");
    publisher.publish("chat.a");
    expect(await publisher.finish()).toEqual({ published: 3, acknowledged: 3, retried: 0, unconfirmed: 0 });
    expect(await readTruth(nats, "rt_chat", "rt", 0)).toEqual([
      { channel: "chat.a", numbers: [0, 1], sequences: [1, 3] },
      { channel: "chat.b", numbers: [0], sequences: [2] },
    ]);
  });

  test("goes on counting in the next round, whose truth begins where the last ended", async () => {
    publisher.publish("chat.a");
    await publisher.finish();
    const { lastSequence } = await readStreamInfo(nats, "rt_chat");
    publisher.begin();
    publisher.publish("chat.a");
    expect(await publisher.finish()).toMatchObject({ published: 1, acknowledged: 1 });
    expect(publisher.firstNumbers.get("chat.a")).toBe(1);
    expect(await readTruth(nats, "rt_chat", "rt", lastSequence)).toEqual([
      { channel: "chat.a", numbers: [1], sequences: [2] },
    ]);
  });

  test("loses nothing to a server that dies, and stores nothing twice", async () => {
    publisher.start(["chat.a", "chat.b"], 200);
    await server.kill();
    await server.restart();
    publisher.publish("chat.a");
    const report = await publisher.finish();
    expect(report.unconfirmed).toBe(0);
    const truth = await readTruth(nats, "rt_chat", "rt", 0);
    expect(publisher.countMissing(truth)).toBe(0);
    const stored = truth.flatMap(({ channel, numbers }) => numbers.map((number) => `${channel} ${number}`));
    expect(stored).toHaveLength(report.published);
    expect(new Set(stored).size).toBe(stored.length);
  });

  test("counts what was acknowledged and is gone", async () => {
    publisher.publish("chat.a");
    publisher.publish("chat.a");
    await publisher.finish();
    await nats.request("$JS.API.STREAM.MSG.DELETE.rt_chat", JSON.stringify({ seq: 1 }));
    expect(publisher.countMissing(await readTruth(nats, "rt_chat", "rt", 0))).toBe(1);
    publisher.begin();
    expect(publisher.countMissing([])).toBe(0);
  });

  test("reads streams of more than one batch, and what others put there is not counted", async () => {
    nats.publish("rt.chat.a", "not ours");
    for (let index = 0; index < 2500; index += 1) {
      publisher.publish("chat.a");
    }
    await publisher.finish();
    const [truth, ...others] = await readTruth(nats, "rt_chat", "rt", 0);
    expect(others).toEqual([]);
    expect(truth?.numbers).toEqual(Array.from({ length: 2500 }, (_, number) => number));
  });
});

test("ApiTraffic sees what others ask of JetStream", async () => {
  const watcher = await connectPlainNats(server.url);
  const traffic = new ApiTraffic(watcher);
  await watcher.flush();
  publisher.publish("chat.a");
  await publisher.finish();
  await readTruth(nats, "rt_chat", "rt", 0);
  await expect.poll(() => traffic.requests).toEqual({ "STREAM.INFO": 1, "DIRECT.GET": 1 });
  await watcher.close();
});
