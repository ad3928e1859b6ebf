import { DEVELOPMENT_KEY } from "@tidegate/auth";
import { isProcessAlive, spawnNode, waitUntil } from "@tidegate/testkit";
import { describe, expect, it } from "vitest";
import { type Client, GATEWAY_MAIN, GatewayProcess } from "./gateway-process.ts";

const TWO = {
  TIDEGATE_PROCESSES: "2",
  TIDEGATE_DRAIN_WINDOW_MS: "200ms",
  TIDEGATE_DRAIN_RECONNECT_MS: "1s",
  TIDEGATE_DRAIN_DEADLINE_MS: "10s",
};
const PATIENCE = { timeoutMs: 30_000 };

/** The process of a worker now, from what the supervisor logged. */
function workerPid(gateway: GatewayProcess, worker: number): number {
  const started = gateway.process.lines
    .filter(({ text }) => text.includes("a worker is starting"))
    .map(({ text }) => JSON.parse(text) as { worker: number; workerPid: number })
    .findLast((line) => line.worker === worker);
  return started?.workerPid ?? Number.NaN;
}

interface Placed {
  readonly client: Client;
  readonly node: string;
}

/** Clients until each worker has three. The system spreads them by hash, so their number is not known. */
async function clientsOnBoth(gateway: GatewayProcess): Promise<readonly Placed[]> {
  const placed: Placed[] = [];
  const on = (node: string): number => placed.filter((each) => each.node === node).length;
  while (on("n1-0") < 3 || on("n1-1") < 3) {
    const client = await gateway.connect(`user${placed.length}`);
    const { node } = await client.next("connected");
    placed.push({ client, node: String(node) });
  }
  return placed;
}

// A process takes seconds to start where all cores are busy, and there are several in a row.
describe.concurrent("a gateway of several processes", { timeout: 60_000 }, () => {
  it("replaces one that is killed, without the others' clients noticing, is seen as one, and drains as one", async () => {
    await using gateway = await GatewayProcess.start(TWO);
    const placed = await clientsOnBoth(gateway);
    const staying = placed.filter(({ node }) => node === "n1-1");
    const leaving = placed.filter(({ node }) => node === "n1-0");
    const opened = 'tidegate_connections_opened_total{transport="websocket"}';
    expect(await gateway.metric('tidegate_connections{transport="websocket"}')).toBe(placed.length);
    expect(await gateway.metric(opened)).toBe(placed.length);
    expect(await gateway.metric("tidegate_nats_connected")).toBe(1);
    for (const each of ["0", "1", "supervisor"]) {
      const series = `process_resident_memory_bytes{process="${each}"}`;
      expect(await gateway.metric(series)).toBeGreaterThan(1_000_000);
    }

    process.kill(workerPid(gateway, 0), "SIGKILL");
    const closes = await Promise.all(leaving.map(({ client }) => client.closed));
    expect(new Set(closes.map(({ code }) => code))).toStrictEqual(new Set([1006]));
    await waitUntil(async () => (await gateway.readiness()) === "degraded", PATIENCE);
    expect(await gateway.probe("/readyz")).toBe(200);
    gateway.backend.publish("rt.chat.lobby", '"still here"');
    for (const { client } of staying) {
      expect(await client.next("message")).toMatchObject({ data: "still here" });
    }
    // What the dead one had counted is not uncounted.
    expect(await gateway.metric(opened)).toBe(placed.length);

    await waitUntil(async () => (await gateway.readiness()) === "ready", PATIENCE);
    expect(await gateway.metric("supervisor_restarts_total")).toBe(1);
    const again = await clientsOnBoth(gateway);
    const remaining = [...staying, ...again];
    expect(await gateway.metric('tidegate_connections{transport="websocket"}')).toBe(remaining.length);

    const pids = [workerPid(gateway, 0), workerPid(gateway, 1)];
    gateway.process.signal("SIGTERM");
    const goodbyes = await Promise.all(remaining.map(({ client }) => client.closed));
    expect(new Set(goodbyes.map(({ code }) => code))).toStrictEqual(new Set([4000]));
    expect(await gateway.process.exited).toStrictEqual({ code: 0, signal: null });
    expect(pids.map(isProcessAlive)).toStrictEqual([false, false]);
  });

  it("shares its port with no service that is not its own, and leaves no process behind when it is killed", async () => {
    await using gateway = await GatewayProcess.start(TWO);
    const others = await Promise.all(
      ["1", "2"].map((processes) =>
        spawnNode(GATEWAY_MAIN, {
          env: {
            TIDEGATE_PROCESSES: processes,
            TIDEGATE_MODE: "development",
            TIDEGATE_AUTH_ALGORITHMS: "HS256",
            TIDEGATE_AUTH_SECRET: DEVELOPMENT_KEY.secret,
            TIDEGATE_OPERATIONS_PORT: "0",
            TIDEGATE_NATS_SERVERS: gateway.server.url,
            TIDEGATE_LISTEN_HOST: "127.0.0.1",
            TIDEGATE_LISTEN_PORT: String(gateway.port),
          },
        }),
      ),
    );
    for (const other of others) {
      expect((await other.exited).code).toBe(1);
      expect(other.lines.map((line) => line.text).join("\n")).toContain("listen_failed");
    }
    const pids = [workerPid(gateway, 0), workerPid(gateway, 1)];
    expect(pids.map(isProcessAlive)).toStrictEqual([true, true]);
    process.kill(gateway.process.pid, "SIGKILL");
    await waitUntil(() => !pids.some(isProcessAlive), PATIENCE);
  });
});
