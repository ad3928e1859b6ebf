import type { ConsumerConfig } from "@nats-io/jetstream";
import { connectPlainNats, startNats, waitUntil } from "@tidegate/testkit";
import { afterAll, expect, it } from "vitest";
import { RETENTION } from "../../testing/webhook-world.ts";
import { WebhookNames } from "../webhook-names.ts";
import { KeptConsumer } from "./kept-consumer.ts";
import { provisionWebhooks } from "./provision-webhooks.ts";
import { openWebhookLink } from "./webhook-link.ts";

const server = await startNats({ own: true });
afterAll(() => server.stop());

const NAME = "dispatch_0";
const SECOND = 1_000_000_000;

async function queueStream(prefix: string) {
  const nats = await connectPlainNats(server.url);
  const names = new WebhookNames(prefix, 2);
  await provisionWebhooks(nats, names, RETENTION);
  const link = await openWebhookLink(nats, names);
  const { consumers } = link.jsm;
  const stream = names.queueStream;
  const kept: KeptConsumer[] = [];
  /** As a process of some version has it: by the time that it gives itself for a task. */
  const keep = (ackSeconds: number) => {
    const told: string[] = [];
    const taken: string[] = [];
    const one = new KeptConsumer({
      link,
      stream,
      config: {
        durable_name: NAME,
        filter_subject: names.shardTasks(0),
        ack_wait: ackSeconds * SECOND,
        max_ack_pending: 100,
      },
      maxMessages: 1,
      onMessage: (message) => {
        taken.push(message.string());
        message.ack();
      },
      instruments: {
        troubled: (error) => told.push(`troubled: ${String(error)}`),
        consumerChanged: (_, fields) => told.push(`changed: ${fields.join()}`),
        consumerRefused: (_, { fields, reason }) => told.push(`refused: ${fields.join()}: ${reason}`),
        consumerSettled: () => told.push("settled"),
      },
    });
    kept.push(one);
    return { told, taken, stop: () => one.stop() };
  };
  return {
    names,
    keep,
    send: async (text: string) => {
      await link.js.publish(names.shardTasks(0).replace(">", "a.b"), text);
    },
    make: (config: Partial<ConsumerConfig>) => consumers.add(stream, { ack_policy: "explicit", ...config }),
    remove: (name: string) => consumers.delete(stream, name),
    info: () => consumers.info(stream, NAME),
    [Symbol.asyncDispose]: async () => {
      await Promise.all(kept.map((one) => one.stop()));
      await nats.close();
    },
  };
}

it("changes the consumer that another version has made to what it needs, and takes what waits there", async () => {
  await using queue = await queueStream("other");
  await queue.make({
    durable_name: NAME,
    filter_subject: queue.names.shardTasks(0),
    ack_wait: 60 * SECOND,
    max_ack_pending: 7,
    // Is nothing that a process asks for, so it stays.
    description: "of an operator",
  });
  await queue.send("waiting");
  const { told, taken } = queue.keep(30);
  await waitUntil(() => taken.includes("waiting"));
  const { config } = await queue.info();
  const expected = { ack_wait: 30 * SECOND, max_ack_pending: 100, description: "of an operator" };
  expect(config).toMatchObject(expected);
  expect(told).toEqual(["changed: ack_wait,max_ack_pending", "settled"]);
});

it("leaves a consumer to the process that started last, also when it is lost and made again", async () => {
  await using queue = await queueStream("versions");
  const older = queue.keep(30);
  await waitUntil(() => older.told.includes("settled"));
  const newer = queue.keep(20);
  await waitUntil(() => newer.told.includes("settled"));
  for (let round = 0; round < 2; round += 1) {
    await queue.remove(NAME);
    // Both ask for tasks again, whoever has made it.
    await waitUntil(async () => (await queue.info().catch(() => undefined))?.num_waiting === 2);
  }
  await queue.send("after");
  await waitUntil(() => older.taken.length + newer.taken.length === 1);
  const changes = [...older.told, ...newer.told].filter((one) => one.startsWith("changed"));
  expect(changes).toEqual(["changed: ack_wait"]);
});

it("says why it takes nothing when the consumer cannot be changed, and goes on once it can", async () => {
  await using queue = await queueStream("refused");
  await queue.make({ durable_name: "stranger", filter_subject: queue.names.shardTasks(0) });
  await queue.make({ durable_name: NAME, filter_subject: queue.names.shardTasks(1) });
  const { told, taken } = queue.keep(20);
  await waitUntil(() => told.length > 0);
  expect(told[0]).toMatch(/^refused: filter_subject,ack_wait,max_ack_pending: .*not unique/);
  await queue.remove("stranger");
  await queue.send("late");
  await waitUntil(() => taken.includes("late"));
  expect(told.at(-1)).toBe("settled");
});

it("does not take a consumer for its own that pushes", async () => {
  await using queue = await queueStream("push");
  const filter_subject = queue.names.shardTasks(0);
  await queue.make({ durable_name: NAME, filter_subject, deliver_subject: "elsewhere" });
  const { told, stop } = queue.keep(20);
  await waitUntil(() => told.length > 0);
  expect(told[0]).toMatch(/^refused: .*deliver_subject/);
  await stop();
  expect(told.at(-1)).toBe("settled");
});
