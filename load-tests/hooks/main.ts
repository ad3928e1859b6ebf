import { createHmac } from "node:crypto";
import { Agent, request } from "node:http";
import { spawnNode, startNats } from "@tidegate/testkit";
import { procReadings } from "../bench/proc-readings.ts";
import { runCommand } from "../command.ts";
import { HOOKS_USAGE, type HookLoadOptions, parseHookArguments } from "./hook-arguments.ts";

const SERVICE = new URL("../../services/webhooks/src/main.ts", import.meta.url);
const SECRET = "a-secret-for-measuring-only";

await runCommand({ name: "load:hooks", usage: HOOKS_USAGE, parse: parseHookArguments, run });

/** True if every delivery was accepted. */
async function run({ seconds, connections, bytes }: HookLoadOptions, signal: AbortSignal): Promise<boolean> {
  const nats = await startNats({ own: true });
  const service = await spawnNode(SERVICE, {
    env: {
      TIDEGATE_MODE: "production",
      TIDEGATE_NATS_SERVERS: nats.url,
      TIDEGATE_OPERATIONS_PORT: "0",
      TIDEGATE_HOOKS_HOST: "127.0.0.1",
      TIDEGATE_HOOKS_PORT: "0",
      TIDEGATE_HOOKS_REPLICAS: "1",
      TIDEGATE_HOOKS_SOURCES: JSON.stringify({ ci: { scheme: "github", secrets: [SECRET] } }),
    },
  });
  try {
    const line = await service.waitForLine(/"hooksPort":\d+/, 30_000);
    const port = Number(/"hooksPort":(\d+)/.exec(line)?.[1]);
    // The first seconds are those of the compiler.
    await deliver(port, Math.min(3, seconds), connections, bytes, signal);
    const { cpuSeconds: before } = await procReadings(service.pid);
    const delivered = await deliver(port, seconds, connections, bytes, signal);
    const { cpuSeconds: after } = await procReadings(service.pid);
    process.stdout.write(`${report(delivered, seconds, after - before)}\n`);
    return delivered.refused === 0;
  } finally {
    await service.stop();
    await nats.stop();
  }
}

interface Delivered {
  readonly milliseconds: readonly number[];
  /** Answers other than 200. */
  readonly refused: number;
}

async function deliver(
  port: number,
  seconds: number,
  connections: number,
  bytes: number,
  signal: AbortSignal,
): Promise<Delivered> {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const end = performance.now() + seconds * 1000;
  const milliseconds: number[] = [];
  let refused = 0;
  let count = 0;
  const life = `${process.pid}-${performance.now()}`;
  const loop = async (): Promise<void> => {
    while (performance.now() < end && !signal.aborted) {
      count += 1;
      const id = `${life}-${count}`;
      const body = JSON.stringify({ id, padding: "x".repeat(Math.max(0, bytes - id.length - 24)) });
      const started = performance.now();
      if ((await post(port, agent, id, body)) !== 200) refused += 1;
      milliseconds.push(performance.now() - started);
    }
  };
  await Promise.all(Array.from({ length: connections }, loop));
  agent.destroy();
  signal.throwIfAborted();
  return { milliseconds: milliseconds.sort((left, right) => left - right), refused };
}

function post(port: number, agent: Agent, id: string, body: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const headers = {
      "content-type": "application/json",
      "content-length": Buffer.byteLength(body),
      "x-github-event": "push",
      "x-github-delivery": id,
      "x-hub-signature-256": `sha256=${createHmac("sha256", SECRET).update(body).digest("hex")}`,
    };
    const call = request(
      { host: "127.0.0.1", port, path: "/hooks/ci", method: "POST", agent, headers },
      (answer) => {
        answer.resume();
        answer.on("end", () => resolve(answer.statusCode));
      },
    );
    call.on("error", reject);
    call.end(body);
  });
}

function report({ milliseconds, refused }: Delivered, seconds: number, cpu: number): string {
  const at = (share: number) => milliseconds[Math.floor(milliseconds.length * share)]?.toFixed(2);
  const count = milliseconds.length;
  return [
    `${Math.round(count / seconds)} deliveries per second, ${Math.round(count / cpu)} per CPU second of the process`,
    `p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, p99.9 ${at(0.999)} ms, ${refused} not accepted`,
  ].join("\n");
}
