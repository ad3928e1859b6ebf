import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connectPlainNats, freePort, type NatsConnection } from "@tidegate/testkit";
import { provision } from "../../provision.ts";
import { gatewayEnvironment, writeGatewayConfig } from "./gateway-config.ts";
import { GatewayNode } from "./gateway-node.ts";
import { LinkProxy } from "./link-proxy.ts";
import { type NatsLayout, startNatsLayout } from "./nats-layout.ts";

export interface ChaosStackOptions {
  readonly nodes: number;
  /** 1, or 3 for a cluster with three replicas. */
  readonly natsServers: 1 | 3;
  /** Every node reaches NATS through a proxy of its own. Only with one server: nodes of a cluster learn the others' addresses. */
  readonly proxied: boolean;
  readonly signal: AbortSignal;
  readonly onProgress: (what: string) => void;
}

/** NATS with provisioned streams and gateway nodes on it, all in processes of their own. */
export class ChaosStack {
  readonly nats: NatsLayout;
  readonly nodes: readonly GatewayNode[];
  /** By node; empty if they are not proxied. */
  readonly proxies: readonly LinkProxy[];
  /** A backend's connection. */
  readonly backend: NatsConnection;
  readonly #directory: string;

  private constructor(parts: Pick<ChaosStack, "nats" | "nodes" | "proxies" | "backend">, directory: string) {
    this.nats = parts.nats;
    this.nodes = parts.nodes;
    this.proxies = parts.proxies;
    this.backend = parts.backend;
    this.#directory = directory;
  }

  /** @throws LoadTestError `server_failed`; TestkitError; the reason of the signal. */
  static async start(options: ChaosStackOptions): Promise<ChaosStack> {
    const { natsServers, proxied, signal, onProgress } = options;
    onProgress(natsServers === 1 ? "starting NATS" : `starting a cluster of ${natsServers} NATS servers`);
    const nats = await startNatsLayout({ servers: natsServers, signal, onProgress });
    const directory = await mkdtemp(join(tmpdir(), "tidegate-chaos-"));
    const nodes: GatewayNode[] = [];
    const proxies: LinkProxy[] = [];
    const backend = await connectPlainNats(nats.url);
    const stack = new ChaosStack({ nats, nodes, proxies, backend }, directory);
    try {
      const configPath = await writeGatewayConfig(directory, natsServers);
      await provision(configPath, gatewayEnvironment(nats.url));
      onProgress(`starting ${options.nodes} gateway nodes`);
      for (let index = 0; index < options.nodes; index += 1) {
        let natsUrl = nats.url;
        const [server] = nats.servers;
        if (proxied && server !== undefined) {
          const proxy = await LinkProxy.start(server.port);
          proxies.push(proxy);
          natsUrl = `nats://127.0.0.1:${proxy.port}`;
        }
        const env = gatewayEnvironment(natsUrl);
        nodes.push(new GatewayNode({ name: `n${index + 1}`, port: await freePort(), configPath, env }));
      }
      await Promise.all(nodes.map((node) => node.start()));
      signal.throwIfAborted();
      return stack;
    } catch (error) {
      await stack.stop();
      throw error;
    }
  }

  get ports(): readonly number[] {
    return this.nodes.map(({ place }) => place.port);
  }

  /** Ends all of it and leaves nothing behind. */
  async stop(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.kill()));
    await Promise.all(this.proxies.map((proxy) => proxy.close()));
    await this.backend.close();
    await this.nats.stop();
    await rm(this.#directory, { recursive: true, force: true });
  }
}
