import { startNats, waitUntil } from "@tidegate/testkit";
import { afterAll, expect, it } from "vitest";
import { startSink } from "../../testing/sink.ts";
import { makeEndpoint, startBackend, startEngine } from "../../testing/webhook-world.ts";

const server = await startNats({ own: true });
afterAll(() => server.stop());

type Engine = Awaited<ReturnType<typeof startEngine>>;

/** How much is queued in order, and by how many consumers it is taken. */
async function queuedInOrder({ link, names }: Engine): Promise<{ tasks: number; consumers: number }> {
  const filter = { subjects_filter: `${names.prefix}wh.f.>` };
  const { state } = await link.jsm.streams.info(names.queueStream, filter);
  let consumers = 0;
  for await (const { name } of link.jsm.consumers.list(names.queueStream)) {
    if (name.startsWith("fifo_")) consumers += 1;
  }
  return { tasks: Object.keys(state.subjects ?? {}).length, consumers };
}

/** An ordered endpoint that takes nothing yet, with six messages that wait for it. */
async function waiting(prefix: string, down: () => boolean) {
  const sink = await startSink(() => ({ status: down() ? 500 : 200 }));
  const backend = await startBackend(server.url, prefix);
  const options = { prefix, delivery: { retryPausesMs: Array.from({ length: 30 }, () => 100) } };
  const engine = await startEngine(server.url, options);
  const endpoint = makeEndpoint(sink.url, { ordering: "fifo" });
  await engine.engine.store.create(endpoint);
  await waitUntil(() => engine.engine.directory.size === 1);
  for (let number = 0; number < 6; number += 1) await backend.publish("shop.a", String(number));
  await waitUntil(async () => (await queuedInOrder(engine)).tasks === 6);
  return {
    sink,
    engine,
    endpoint,
    restarted: () => startEngine(server.url, options),
    [Symbol.asyncDispose]: async () => {
      await backend[Symbol.asyncDispose]();
      await sink[Symbol.asyncDispose]();
    },
  };
}

it("delivers what was queued in order for an endpoint that is not ordered any more, also after a restart", async () => {
  let down = true;
  await using world = await waiting("unordered", () => down);
  const { engine, endpoint, sink } = world;
  await engine.engine.store.change(endpoint.id, (before) => ({ ...before, ordering: "none" }));
  await waitUntil(() => engine.engine.directory.get(endpoint.id)?.ordering === "none");
  await engine[Symbol.asyncDispose]();
  down = false;
  const from = sink.received.length;
  const second = await world.restarted();
  await sink.arrived(from + 6);
  expect(sink.received.slice(from).map(({ body }) => body)).toEqual(["0", "1", "2", "3", "4", "5"]);
  await waitUntil(async () => (await queuedInOrder(second)).tasks === 0);
  await second[Symbol.asyncDispose]();
  // Nothing is left for its consumers to do.
  await using third = await world.restarted();
  await waitUntil(async () => (await queuedInOrder(third)).consumers === 0);
});

it("leaves nothing behind of an ordered endpoint that is deleted", async () => {
  await using world = await waiting("deleted", () => true);
  const { endpoint } = world;
  await using engine = world.engine;
  await using _other = await world.restarted();
  const stored = await engine.engine.store.get(endpoint.id);
  await engine.engine.store.delete(endpoint.id, stored?.revision ?? 0);
  await engine.engine.forget(endpoint.id);
  await waitUntil(async () => {
    const { tasks, consumers } = await queuedInOrder(engine);
    return tasks + consumers === 0;
  });
});
