import { setTimeout as delay } from "node:timers/promises";
import { jetstreamManager } from "@nats-io/jetstream";
import { type NatsCluster, type NatsConnection, startNatsCluster, waitUntil } from "@tidegate/testkit";
import { expect, it } from "vitest";
import { startSink } from "../testing/sink.ts";
import { makeEndpoint, startBackend, startEngine } from "../testing/webhook-world.ts";
import { HookNames } from "./inbound/hook-store.ts";
import { openHooks } from "./inbound/hooks.fixture.ts";
import { NOW_MS, NOW_SECONDS } from "./inbound/schemes/request.fixture.ts";
import { SECRET, senderOf } from "./inbound/schemes/signed-requests.fixture.ts";

const PATIENCE_MS = 60_000;
/** Of each delivery, at the same time and at both receivers. */
const COPIES = 4;
const stripe = senderOf("stripe");

/** The server that leads a stream, or a consumer (`stream.consumer`), once one does. */
async function leaderOf(nats: NatsConnection, cluster: NatsCluster, led: string): Promise<number> {
  const api = `$JS.API.${led.includes(".") ? "CONSUMER" : "STREAM"}.INFO.${led}`;
  const found = await waitUntil(async () => {
    const info = (await nats.request(api, "")).json<{ cluster?: { leader?: string } }>();
    const index = cluster.servers.findIndex(({ name }) => name === info.cluster?.leader);
    return index === -1 ? undefined : { index };
  });
  return found.index;
}

/** Makes one server lead these streams. */
async function lead(
  nats: NatsConnection,
  cluster: NatsCluster,
  index: number,
  streams: readonly string[],
): Promise<void> {
  const placement = JSON.stringify({ placement: { preferred: cluster.servers[index]?.name } });
  for (const stream of streams) {
    await waitUntil(
      async () => {
        if ((await leaderOf(nats, cluster, stream)) === index) return true;
        await nats.request(`$JS.API.STREAM.LEADER.STEPDOWN.${stream}`, placement);
        return false;
      },
      { timeoutMs: PATIENCE_MS, intervalMs: 100, message: `server ${index} to lead ${stream}` },
    );
  }
}

it(
  "stores what came in once and delivers what goes out, through the loss of the server that leads both",
  async () => {
    await using cluster = await startNatsCluster();
    const names = new HookNames("hook.in");
    const sources = { pay: { scheme: "stripe", secrets: [SECRET] } };
    const hooks = { sources, replicas: 3, storeTimeoutMs: 1_000 };
    const receivers = [
      await openHooks(cluster, { hooks, now: () => NOW_MS }),
      await openHooks(cluster, { hooks, now: () => NOW_MS }),
    ];
    await using backend = await startBackend(cluster.url, "rt", ["shop"], 3);
    await using sink = await startSink();
    await using world = await startEngine(cluster.url, {
      prefix: "rt",
      replicas: 3,
      // What waits for longer than retries go on would become a dead letter.
      delivery: { maxRetryAfterMs: 3_600_000 },
    });
    const endpoint = makeEndpoint(sink.url);
    world.engine.directory.observe(endpoint.id, await world.engine.store.create(endpoint));

    const { queueStream } = world.names;
    // The worst of all: it leads the streams, and the deliveries are made over a connection to it.
    const victim = cluster.servers.findIndex(({ name }) => name === world.link.nats.info?.server_name);
    await lead(backend.nats, cluster, victim, [names.stream, queueStream]);
    let sending = true;
    let rounds = 0;
    const answered: { readonly id: string; readonly status: number }[] = [];
    /** As third parties do: several copies at once, and again until all are answered with 2xx. */
    const sendOne = async (id: string): Promise<void> => {
      for (let wanted = COPIES; wanted > 0; ) {
        const answers = await Promise.all(
          Array.from({ length: wanted }, (_, copy) =>
            receivers[copy % receivers.length]?.send("pay", stripe.send(SECRET, NOW_SECONDS, id)),
          ),
        );
        for (const answer of answers) answered.push({ id, status: answer?.status ?? 0 });
        wanted = answers.filter((answer) => answer?.status !== 200).length;
      }
    };
    const senders = Array.from({ length: 4 }, async (_, sender) => {
      for (let number = 0; sending; number += 1) {
        await sendOne(`evt_${sender}_${number}`);
        await delay(5);
        rounds += 1;
      }
    });
    const published: string[] = [];
    const publishing = (async () => {
      for (let number = 0; sending; number += 1) {
        const stored = await backend.publish("shop.a", String(number)).catch(() => undefined);
        if (stored !== undefined) published.push(String(number));
        await delay(5);
      }
    })();

    await waitUntil(() => rounds > 20 && sink.received.length > 20, { timeoutMs: PATIENCE_MS });
    const [before, arrived] = [rounds, sink.received.length];
    await cluster.kill(victim);
    // Some of these are under way when the leader is lost; what comes after is the new leader's.
    await waitUntil(() => rounds > before + 20 && sink.received.length > arrived + 20, {
      timeoutMs: PATIENCE_MS,
    });
    sending = false;
    await Promise.all([...senders, publishing]);

    const ids = new Set(answered.map(({ id }) => id));
    expect(new Set(answered.map(({ status }) => status))).toEqual(new Set([200, 503]));
    const repeated = await Promise.all(
      [...ids].map((id) => receivers[0]?.send("pay", stripe.send(SECRET, NOW_SECONDS, id))),
    );
    expect(new Set(repeated.map((answer) => answer?.status))).toEqual(new Set([200]));
    const manager = await jetstreamManager(world.link.nats);
    const { state } = await manager.streams.info(names.stream, { subjects_filter: ">" });
    const expected = [...ids].map((id) => [names.delivery("pay", `id:${id}`), 1]);
    expect(state.subjects).toEqual(Object.fromEntries(expected));
    expect(state.messages).toBe(ids.size);
    const delivered = () => new Set(sink.received.map(({ body }) => body));
    await waitUntil(() => published.every((body) => delivered().has(body)), { timeoutMs: PATIENCE_MS });
  },
  3 * PATIENCE_MS,
);
