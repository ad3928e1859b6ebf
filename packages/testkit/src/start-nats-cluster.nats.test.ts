import { existsSync } from "node:fs";
import { describe, expect, it, onTestFinished } from "vitest";
import type { NatsCluster } from "./nats-cluster.ts";
import { connectPlainNats, type NatsConnection } from "./plain-nats.ts";
import { startNatsCluster } from "./start-nats-cluster.ts";
import { waitUntil } from "./wait-until.ts";

const PATIENCE_MS = 60_000;

async function ownCluster(): Promise<NatsCluster> {
  const cluster = await startNatsCluster();
  onTestFinished(() => cluster.stop());
  return cluster;
}

async function call(client: NatsConnection, subject: string, body: object | string = ""): Promise<unknown> {
  const payload = typeof body === "string" ? body : JSON.stringify(body);
  const answer = (await client.request(subject, payload, { timeout: 500 })).json<{ error?: object }>();
  if (answer.error !== undefined) throw new Error(JSON.stringify(answer.error));
  return answer;
}

describe("a cluster", { timeout: 2 * PATIENCE_MS }, () => {
  it("keeps a stream with three replicas while its leader is killed, and gets it back", async () => {
    const cluster = await ownCluster();
    const client = await connectPlainNats(cluster.url);
    onTestFinished(() => client.close());
    const config = { name: "S", subjects: ["s.>"], num_replicas: 3 };
    // Again and again: there may be no leader of the cluster for a moment.
    const soon = (subject: string, body?: object | string) =>
      waitUntil(() => call(client, subject, body), { timeoutMs: PATIENCE_MS });
    await soon("$JS.API.STREAM.CREATE.S", config);
    const publish = () => soon("s.a", "x");
    expect(await publish()).toStrictEqual({ stream: "S", seq: 1 });

    const first = await waitUntil(async () => ({ index: await cluster.leaderOf("S") }));
    if (first.index === undefined) throw new Error("no leader");
    await cluster.kill(first.index);
    expect(cluster.servers[first.index]?.pid).toBeUndefined();
    expect(await publish()).toMatchObject({ seq: 2 });
    const second = await cluster.leaderOf("S");
    expect(second).not.toBe(first.index);

    await cluster.restart(first.index);
    await cluster.healthy(PATIENCE_MS);
    await cluster.kill(1, "SIGTERM");
    await cluster.restart(1);
    await cluster.healthy(PATIENCE_MS);
    expect(await soon("$JS.API.STREAM.INFO.S")).toMatchObject({ state: { first_seq: 1 } });
  });

  it("leaves nothing behind", async () => {
    const cluster = await ownCluster();
    const left = cluster.servers.map(({ pid, storeDir }) => ({ pid, storeDir }));
    await cluster.stop();
    await cluster.stop();
    for (const { pid = 0, storeDir } of left) {
      expect(existsSync(storeDir)).toBe(false);
      expect(() => process.kill(pid, 0)).toThrow();
    }
  });
});
