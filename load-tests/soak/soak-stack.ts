import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connectPlainNats, type NatsConnection, type OwnNatsServer, startNats } from "@tidegate/testkit";
import { procReadings } from "../bench/proc-readings.ts";
import { resumingClient } from "../client-plan.ts";
import { buildDrain } from "../drain/build-drain.ts";
import { mintTokens } from "../mint-tokens.ts";
import { assertFilesSuffice, openFileLimit } from "../open-files.ts";
import { ClientFleet } from "./client-fleet.ts";
import { GatewayFleet, NAMESPACE } from "./gateway-fleet.ts";
import { busySeconds } from "./machine-load.ts";
import type { SoakOptions } from "./soak-arguments.ts";

/** What a gateway process has open besides connections. */
const OTHER_FILES = 500;

/** CPU time so far, in seconds. */
export interface CpuTimes {
  readonly gateway: number;
  readonly clients: number;
  readonly nats: number;
  /** Of all cores, whatever ran. */
  readonly machine: number;
}

/** NATS, the gateway's processes and the clients', and a backend's connection. */
export class SoakStack {
  readonly gateways: GatewayFleet;
  readonly clients: ClientFleet;
  readonly backend: NatsConnection;
  readonly #nats: OwnNatsServer;
  readonly #directory: string;
  /** Of processes that are gone. */
  #killedSeconds = 0;

  private constructor(parts: Pick<SoakStack, "gateways" | "clients" | "backend">, rest: Rest) {
    this.gateways = parts.gateways;
    this.clients = parts.clients;
    this.backend = parts.backend;
    this.#nats = rest.nats;
    this.#directory = rest.directory;
  }

  /** @throws LoadTestError; TestkitError; the reason of the signal. */
  static async start(
    options: SoakOptions,
    signal: AbortSignal,
    onProgress: (what: string) => void,
  ): Promise<SoakStack> {
    const { connections, processes, clientProcesses, channels } = options;
    await assertFilesSuffice(Math.ceil(connections / clientProcesses));
    await assertFilesSuffice(Math.ceil(connections / Math.floor(processes / 2)));
    const binary = await buildDrain({ onProgress, signal });
    onProgress(`minting ${connections} tokens`);
    const tokens = await mintTokens(connections, [`${NAMESPACE}.>`], signal);
    const plans = tokens.map((token, client) => resumingClient(token, channelOf(client % channels)));
    const undo: (() => Promise<unknown>)[] = [];
    try {
      const directory = await mkdtemp(join(tmpdir(), "tidegate-soak-"));
      undo.push(() => rm(directory, { recursive: true, force: true }));
      const nats = await startNats({ own: true, onProgress, signal });
      undo.push(() => nats.stop());
      onProgress(`starting ${processes} gateway processes`);
      const connectionsPerProcess = Math.min(connections, (await openFileLimit()) - OTHER_FILES);
      const fleet = { natsUrl: nats.url, processes, connectionsPerProcess, directory };
      const gateways = await GatewayFleet.start(fleet);
      undo.push(() => gateways.stop());
      const { port } = gateways;
      const clients = await ClientFleet.start({ binary, port, processes: clientProcesses, plans });
      undo.push(() => clients.stop());
      const backend = await connectPlainNats(nats.url);
      return new SoakStack({ gateways, clients, backend }, { nats, directory });
    } catch (error) {
      for (const step of undo.toReversed()) {
        await step();
      }
      throw error;
    }
  }

  async times(): Promise<CpuTimes> {
    const gateway = await this.gateways.usage();
    const clients = await Promise.all(this.clients.pids.map(procReadings));
    const nats = await procReadings(this.#nats.pid ?? 0);
    return {
      gateway: gateway.cpuSeconds + this.#killedSeconds,
      clients: clients.reduce((sum, one) => sum + one.cpuSeconds, process.cpuUsage().user / 1e6),
      nats: nats.cpuSeconds,
      machine: await busySeconds(),
    };
  }

  /** Kills half of the gateway's processes, and counts on what they had used. */
  async killHalf(): Promise<number> {
    const { killed, cpuSeconds } = await this.gateways.killHalf();
    this.#killedSeconds += cpuSeconds;
    return killed;
  }

  async stop(): Promise<void> {
    await this.clients.stop();
    await this.gateways.stop();
    await this.backend.close();
    await this.#nats.stop();
    await rm(this.#directory, { recursive: true, force: true });
  }
}

interface Rest {
  readonly nats: OwnNatsServer;
  readonly directory: string;
}

export function channelOf(index: number): string {
  return `${NAMESPACE}.c${index}`;
}
