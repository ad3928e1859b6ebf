import { startNatsCluster, waitUntil } from "@tidegate/testkit";
import { expect, it, onTestFinished } from "vitest";
import { bytes, openBroker } from "../../testing/open-broker.ts";
import { HISTORY } from "../../testing/stream.ts";
import type { Broker } from "../broker.ts";
import { resolveBrokerOptions } from "../broker-options.ts";
import type { StoredMessage } from "./stored-message.ts";
import { openStreamProvisioner } from "./stream-provisioner.ts";

const PATIENCE_MS = 60_000;

/** As a client does: again with the same key until it is certain. */
async function storeSurely(broker: Broker, number: number): Promise<number> {
  const options = { key: `k${number}`, event: String(number), timeoutMs: 500 };
  const outcome = await waitUntil(
    async () => {
      const attempt = await broker.store("chat.a", bytes("x"), options);
      return attempt.kind === "stored" ? attempt : undefined;
    },
    { timeoutMs: PATIENCE_MS, message: `message ${number} to be stored` },
  );
  return outcome.position.sequence;
}

async function everything(broker: Broker): Promise<readonly StoredMessage[]> {
  const all: StoredMessage[] = [];
  for (let after = 0; ; ) {
    const page = await waitUntil(
      async () => {
        const read = await broker.history("chat.a", { after, limit: 100 });
        return read.kind === "page" ? read : undefined;
      },
      { timeoutMs: PATIENCE_MS, message: "a page" },
    );
    expect(page.reset).toBeUndefined();
    all.push(...page.messages);
    if (!page.more) return all;
    after = page.newer.sequence;
  }
}

it(
  "a stream of three replicas keeps what was acknowledged, and its epoch, through the loss of its leader and of all servers",
  async () => {
    const cluster = await startNatsCluster();
    onTestFinished(() => cluster.stop());
    const histories = new Map([["chat", { ...HISTORY, replicas: 3 }]]);
    const servers = cluster.servers.map(({ url }) => url);
    const options = { servers, name: "node", histories, storeTimeoutMs: 1_000, pingIntervalMs: 500 };
    const provisioner = await openStreamProvisioner(resolveBrokerOptions(options));
    onTestFinished(() => provisioner.close());
    for (const plan of await provisioner.plan([])) await provisioner.apply(plan);
    const { broker } = await openBroker(cluster.url, options);

    const stored: number[] = [];
    const storeMore = async (count: number) => {
      for (let index = 0; index < count; index++) stored.push(await storeSurely(broker, stored.length));
    };
    await storeMore(100);
    const epoch = await broker.epochOf("chat");

    const leader = await waitUntil(async () => {
      const index = await cluster.leaderOf("rt_chat");
      return index === undefined ? undefined : { index };
    });
    await cluster.kill(leader.index);
    await storeMore(100);
    expect(new Set(stored).size).toBe(200);
    expect((await everything(broker)).map(({ sequence, event }) => [sequence, event])).toStrictEqual(
      stored.map((sequence, index) => [sequence, String(index)]),
    );
    expect(await broker.epochOf("chat")).toBe(epoch);

    await cluster.restart(leader.index);
    await cluster.healthy(PATIENCE_MS);
    await Promise.all(cluster.servers.map((_server, index) => cluster.kill(index, "SIGTERM")));
    await Promise.all(cluster.servers.map((_server, index) => cluster.restart(index)));
    await storeMore(1);
    expect((await everything(broker)).length).toBe(201);
    const page = await broker.history("chat.a", { limit: 1 });
    expect(page).toMatchObject({ newer: { epoch } });
  },
  3 * PATIENCE_MS,
);
