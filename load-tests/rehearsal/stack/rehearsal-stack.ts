import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  connectPlainNats,
  freePort,
  type Haproxy,
  type NatsConnection,
  startHaproxy,
} from "@tidegate/testkit";
import {
  gatewayEnvironment,
  NAMESPACES,
  SUBJECT_PREFIX,
  writeGatewayConfig,
} from "../../chaos/stack/gateway-config.ts";
import { GatewayNode } from "../../chaos/stack/gateway-node.ts";
import { LinkProxy } from "../../chaos/stack/link-proxy.ts";
import { type NatsLayout, startNatsLayout } from "../../chaos/stack/nats-layout.ts";
import { streamOf } from "../../chaos/stack/stream-info.ts";
import { LoadTestError } from "../../load-test-error.ts";
import { provision } from "../../provision.ts";
import { type BalancedServer, haproxyConfig } from "./haproxy-config.ts";
import { Island } from "./island.ts";
import { SmallDisk } from "./small-disk.ts";

/** What a cluster has for one act and not for others. */
export interface StackNeeds {
  /** Nodes that HAProxy knows and that do not run yet. Default 0. */
  readonly spares?: number;
  /** The victim is on an island. */
  readonly island?: boolean;
  /** How far ahead the victim's clock is after each time that it is moved, in milliseconds. */
  readonly clockOffsetsMs?: readonly number[];
  /** Every NATS server stores on a disk of its own. */
  readonly smallDisks?: boolean;
}

export interface RehearsalStackOptions {
  readonly nodes: number;
  readonly natsServers: 1 | 3;
  readonly windowSeconds: number;
  readonly needs: StackNeeds;
  readonly signal: AbortSignal;
  readonly onProgress: (what: string) => void;
}

const LOOPBACK = "127.0.0.1";
const DISK_MEBIBYTES = 128;
/** Of two streams: with room for them on each disk, and for what JetStream keeps besides. */
const STREAM_BYTES = "24MiB";
/** As HAProxy's limits of silence demand. */
const PING = { intervalMs: "2s", pongTimeoutMs: "5s" };
const LONGEST_WAIT = "2s";
const DRAIN_MARGIN_SECONDS = 10;
const CLOCK_FILE = new URL("shifted-clock.ts", import.meta.url);

type Parts = Pick<
  RehearsalStack,
  "nats" | "nodes" | "spares" | "island" | "disks" | "backend" | "victim" | "port"
>;

/** A cluster on loopback: NATS servers, gateway nodes and HAProxy before them, all in processes of their own. */
export class RehearsalStack {
  /** Where clients connect. */
  readonly port: number;
  readonly nats: NatsLayout;
  /** Those that run at the beginning. */
  readonly nodes: readonly GatewayNode[];
  readonly spares: readonly GatewayNode[];
  /** The node that things are done to. */
  readonly victim: GatewayNode;
  /** Where the victim is, if it has one. */
  readonly island: Island | undefined;
  readonly disks: readonly SmallDisk[];
  /** A backend's connection. */
  readonly backend: NatsConnection;
  /** The stream whose leader things are done to. */
  readonly someStream = streamOf(SUBJECT_PREFIX, NAMESPACES[0]);
  readonly #undo: Undo;

  private constructor(parts: Parts, undo: Undo) {
    this.port = parts.port;
    this.nats = parts.nats;
    this.nodes = parts.nodes;
    this.spares = parts.spares;
    this.victim = parts.victim;
    this.island = parts.island;
    this.disks = parts.disks;
    this.backend = parts.backend;
    this.#undo = undo;
  }

  /** @throws LoadTestError; TestkitError, also if HAProxy is missing; the reason of the signal. */
  static async start(options: RehearsalStackOptions): Promise<RehearsalStack> {
    const undo = new Undo();
    try {
      return new RehearsalStack(await startParts(options, undo), undo);
    } catch (error) {
      await undo.run();
      throw error;
    }
  }

  /** Ends all of it and leaves nothing behind. */
  async stop(): Promise<void> {
    await this.#undo.run();
  }
}

async function startParts(options: RehearsalStackOptions, undo: Undo): Promise<Parts> {
  const { needs, natsServers, windowSeconds, signal, onProgress } = options;
  const disks: SmallDisk[] = [];
  for (let index = 0; index < (needs.smallDisks ? natsServers : 0); index += 1) {
    const disk = await SmallDisk.mount(DISK_MEBIBYTES);
    disks.push(disk);
    undo.add(() => disk.unmount());
  }
  onProgress(`starting ${natsServers} NATS servers`);
  const nats = await startNatsLayout({
    servers: natsServers,
    storeDirs: disks.map(({ path }) => path),
    // A node on an island has other addresses for them.
    advertises: needs.island !== true,
    signal,
    onProgress,
  });
  undo.add(() => nats.stop());
  const backend = await connectPlainNats(nats.url);
  undo.add(() => backend.close());
  const directory = await mkdtemp(join(tmpdir(), "tidegate-rehearsal-"));
  undo.add(() => rm(directory, { recursive: true, force: true }));
  const configPath = await writeGatewayConfig(directory, natsServers, {
    drain: {
      windowMs: `${windowSeconds}s`,
      reconnectMs: LONGEST_WAIT,
      deadlineMs: `${windowSeconds + DRAIN_MARGIN_SECONDS}s`,
    },
    ping: PING,
    maxBytes: STREAM_BYTES,
  });
  await provision(configPath, gatewayEnvironment(nats.url));

  const island = needs.island === true ? await Island.rise() : undefined;
  undo.add(async () => island?.sink());
  const nodes: GatewayNode[] = [];
  const servers: BalancedServer[] = [];
  for (let index = 0; index < options.nodes + (needs.spares ?? 0); index += 1) {
    const name = `n${index + 1}`;
    const [port, operationsPort] = [await freePort(), await freePort()];
    const own = index === 0 ? island : undefined;
    const nodeOptions = index === 0 ? clockOptions(needs) : [];
    const env = gatewayEnvironment(own === undefined ? nats.url : await natsFrom(own, nats, undo));
    const { inside: host = LOOPBACK, runner = [] } = own ?? {};
    const node = new GatewayNode({
      name,
      host,
      port,
      operationsPort,
      configPath,
      env,
      runner,
      nodeOptions,
      givesWay: true,
    });
    nodes.push(node);
    undo.add(() => node.kill());
    servers.push({ name, host, port, checkPort: operationsPort });
  }
  const running = nodes.slice(0, options.nodes);
  const [victim] = running;
  if (victim === undefined) {
    throw new LoadTestError("server_failed", "a cluster has at least one node");
  }
  onProgress(`starting ${running.length} gateway nodes, and HAProxy`);
  await Promise.all(running.map((node) => node.start()));
  const haproxy: Haproxy = await startHaproxy({
    configFor: (port) => haproxyConfig(port, servers),
    onProgress,
    signal,
  });
  undo.add(() => haproxy.stop());
  signal.throwIfAborted();
  const spares = nodes.slice(options.nodes);
  return { port: haproxy.port, nats, nodes: running, spares, victim, island, disks, backend };
}

/** The addresses of the NATS servers, which listen on loopback alone, on an island. */
async function natsFrom(island: Island, nats: NatsLayout, undo: Undo): Promise<string> {
  const urls: string[] = [];
  for (const server of nats.servers) {
    const proxy = await LinkProxy.start(server.port, island.outside);
    undo.add(() => proxy.close());
    urls.push(`nats://${island.outside}:${proxy.port}`);
  }
  return urls.join(",");
}

function clockOptions({ clockOffsetsMs }: StackNeeds): readonly string[] {
  if (clockOffsetsMs === undefined) {
    return [];
  }
  const file = new URL(CLOCK_FILE);
  file.searchParams.set("offsets", clockOffsetsMs.join(","));
  return [`--import=${file.href}`];
}

/** What has to be ended, the last first. */
class Undo {
  readonly #steps: (() => Promise<void>)[] = [];

  add(step: () => Promise<void>): void {
    this.#steps.push(step);
  }

  /** Goes on to the end whatever fails. @throws what failed first. */
  async run(): Promise<void> {
    const failures: unknown[] = [];
    for (const step of this.#steps.splice(0).toReversed()) {
      await step().catch((error: unknown) => failures.push(error));
    }
    if (failures.length > 0) {
      throw failures[0];
    }
  }
}
