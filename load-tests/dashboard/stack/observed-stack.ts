import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  connectPlainNats,
  freePort,
  type NatsConnection,
  type OwnNatsServer,
  startNats,
} from "@tidegate/testkit";
import { gatewayEnvironment } from "../../chaos/stack/gateway-config.ts";
import { provision } from "../../provision.ts";
import type { ScrapeTarget } from "../prometheus/scrape-config.ts";
import { GATEWAY_SETTINGS } from "./gateway-settings.ts";
import { NatsFigures } from "./nats-figures.ts";
import { ObservedProgram } from "./observed-program.ts";
import { webhookEnvironment } from "./webhook-environment.ts";

const GATEWAYS = 3;
/** Of the last gateway, so that there is a supervisor, too. */
const PROCESSES = 2;

/** All that the dashboard is about, as processes of their own: NATS, three gateways, a webhook process. */
export class ObservedStack implements AsyncDisposable {
  readonly nats: OwnNatsServer;
  readonly natsFigures: NatsFigures;
  readonly backend: NatsConnection;
  readonly gateways: readonly ObservedProgram[] = [];
  /** Of the gateways, for clients. */
  readonly ports: readonly number[] = [];
  readonly webhooks: ObservedProgram;
  /** `http://host:port` each. */
  readonly addresses: { readonly api: string; readonly hooks: string };
  readonly #directory: string;

  private constructor(
    parts: Pick<
      ObservedStack,
      "nats" | "natsFigures" | "backend" | "gateways" | "ports" | "webhooks" | "addresses"
    >,
    directory: string,
  ) {
    this.nats = parts.nats;
    this.natsFigures = parts.natsFigures;
    this.backend = parts.backend;
    this.gateways = parts.gateways;
    this.ports = parts.ports;
    this.webhooks = parts.webhooks;
    this.addresses = parts.addresses;
    this.#directory = directory;
  }

  /** @throws LoadTestError `server_failed`; TestkitError with what a process printed. */
  static async start(): Promise<ObservedStack> {
    const nats = await startNats({ own: true, monitor: true });
    const directory = await mkdtemp(join(tmpdir(), "tidegate-dashboard-"));
    const config = join(directory, "gateway.yaml");
    // JSON is YAML.
    await writeFile(config, JSON.stringify(GATEWAY_SETTINGS));
    const env = { ...gatewayEnvironment(nats.url), TIDEGATE_CONFIG: config };
    const ports = await Promise.all(Array.from({ length: GATEWAYS }, freePort));
    const gateways: ObservedProgram[] = [];
    for (const [index, port] of ports.entries()) {
      const instance = `gateway-${index + 1}`;
      gateways.push(
        new ObservedProgram(await target("tidegate-gateway", instance), "services/gateway/src/main.ts", {
          ...env,
          TIDEGATE_NODE_NAME: instance,
          TIDEGATE_LISTEN_PORT: String(port),
          ...(index === GATEWAYS - 1 ? { TIDEGATE_PROCESSES: String(PROCESSES) } : {}),
        }),
      );
    }
    const natsFigures = await NatsFigures.start(nats.monitorUrl ?? "");
    const [api, hooks] = [await freePort(), await freePort()];
    const stack = new ObservedStack(
      {
        nats,
        natsFigures,
        backend: await connectPlainNats(nats.url),
        gateways,
        ports,
        webhooks: new ObservedProgram(
          await target("tidegate-webhooks", "webhooks-1"),
          "services/webhooks/src/main.ts",
          webhookEnvironment(nats.url, api, hooks),
        ),
        addresses: { api: `http://127.0.0.1:${api}`, hooks: `http://127.0.0.1:${hooks}` },
      },
      directory,
    );
    try {
      await provision(config, env);
      await Promise.all(stack.#programs.map((program) => program.start()));
      return stack;
    } catch (error) {
      await stack[Symbol.asyncDispose]();
      throw error;
    }
  }

  get targets(): readonly ScrapeTarget[] {
    const nats = { job: "nats", instance: "nats-1", port: this.natsFigures.port };
    return [...this.#programs.map((program) => program.target), nats];
  }

  get #programs(): readonly ObservedProgram[] {
    return [...this.gateways, this.webhooks];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#programs.map((program) => program.stop("SIGKILL")));
    await this.natsFigures[Symbol.asyncDispose]();
    await this.backend.close();
    await this.nats.stop();
    await rm(this.#directory, { recursive: true, force: true });
  }
}

async function target(job: string, instance: string): Promise<ScrapeTarget> {
  return { job, instance, port: await freePort() };
}
