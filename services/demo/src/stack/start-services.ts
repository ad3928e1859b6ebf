import { fileURLToPath } from "node:url";
import type { Environment } from "@tidegate/runtime";
import type { Crew } from "./crew.ts";
import { gatewayEnvironment } from "./gateway-environment.ts";
import { LOOPBACK, type PortChooser } from "./port-chooser.ts";
import type { Screen } from "./screen.ts";
import { ServiceProcess, type ServiceSpec } from "./service-process.ts";
import { webhooksEnvironment } from "./webhooks-environment.ts";

export interface StartServicesOptions {
  readonly crew: Crew;
  /** Gives up waiting; what has been started stays with the crew. */
  readonly signal: AbortSignal;
  readonly environment: Environment;
  readonly screen: Screen;
  readonly ports: PortChooser;
}

export interface WebhookAddresses {
  /** `http://host:port/hooks` */
  readonly hooks: string;
  /** `http://host:port`; the API is under `/v1/webhooks` there. */
  readonly api: string;
}

const GATEWAY_FILE = new URL("../../../gateway/src/main.ts", import.meta.url);
/** What gateways and provisioning have in common. */
export const GATEWAY_CONFIG = new URL("../../tidegate.yaml", import.meta.url);
const WEBHOOKS_FILE = new URL("../../../webhooks/src/main.ts", import.meta.url);
const WEBHOOKS_CONFIG = new URL("../../webhooks.yaml", import.meta.url);
const BACKEND_FILE = new URL("../main.ts", import.meta.url);

const GATEWAYS = [
  { name: "n1", port: 4080, operationsPort: 4180 },
  { name: "n2", port: 4081, operationsPort: 4181 },
] as const;
const WEBHOOKS = { hooksPort: 4090, apiPort: 4091, operationsPort: 4190 } as const;
const PAGE_PORT = 4000;

/**
 * Starts the gateways side by side and returns their addresses once all are ready.
 *
 * @throws StackError as `ServiceProcess.ready`.
 */
export async function startGateways(
  options: StartServicesOptions,
  natsUrl: string,
): Promise<readonly string[]> {
  const specs: { readonly spec: ServiceSpec; readonly address: string }[] = [];
  for (const { name, ...preferred } of GATEWAYS) {
    const port = await options.ports.take(preferred.port);
    const operationsPort = await options.ports.take(preferred.operationsPort);
    const place = { name, natsUrl, port, operationsPort };
    const spec: ServiceSpec = {
      name,
      file: GATEWAY_FILE,
      args: ["--config", fileURLToPath(GATEWAY_CONFIG)],
      env: { ...options.environment, ...gatewayEnvironment(place) },
      readyUrl: `http://${LOOPBACK}:${operationsPort}/readyz`,
    };
    specs.push({ spec, address: `http://${LOOPBACK}:${port}` });
  }
  // All are waited for even when one fails: none may still be starting when the crew is told to stop.
  const starts = await Promise.allSettled(
    specs.map(({ spec, address }) => startService(options, "gateway", spec, address)),
  );
  return starts.map((start) => {
    if (start.status === "rejected") {
      throw start.reason;
    }
    return start.value;
  });
}

/**
 * Starts the webhook process and returns its addresses once it is ready.
 *
 * @throws StackError as `ServiceProcess.ready`.
 */
export async function startWebhooks(
  options: StartServicesOptions,
  natsUrl: string,
): Promise<WebhookAddresses> {
  const hooksPort = await options.ports.take(WEBHOOKS.hooksPort);
  const apiPort = await options.ports.take(WEBHOOKS.apiPort);
  const operationsPort = await options.ports.take(WEBHOOKS.operationsPort);
  const spec: ServiceSpec = {
    name: "webhooks",
    file: WEBHOOKS_FILE,
    args: ["--config", fileURLToPath(WEBHOOKS_CONFIG)],
    env: { ...options.environment, ...webhooksEnvironment({ natsUrl, hooksPort, apiPort, operationsPort }) },
    readyUrl: `http://${LOOPBACK}:${operationsPort}/readyz`,
  };
  const hooks = await startService(options, "webhooks", spec, `http://${LOOPBACK}:${hooksPort}/hooks`);
  return { hooks, api: `http://${LOOPBACK}:${apiPort}` };
}

/**
 * Starts the demo backend and returns the address of the page once it is served.
 *
 * @throws StackError as `ServiceProcess.ready`.
 */
export async function startBackend(
  options: StartServicesOptions,
  natsUrl: string,
  gateways: readonly string[],
  { hooks, api }: WebhookAddresses,
): Promise<string> {
  const port = await options.ports.take(PAGE_PORT);
  const address = `http://${LOOPBACK}:${port}/`;
  const spec: ServiceSpec = {
    name: "backend",
    file: BACKEND_FILE,
    args: [
      ...["--host", LOOPBACK, "--port", String(port), "--hooks", hooks, "--webhook-api", api],
      ...gateways.flatMap((url) => ["--gateway", url]),
    ],
    env: { ...options.environment, NATS_URL: natsUrl },
    readyUrl: `${address}readyz`,
  };
  return startService(options, "backend", spec, address);
}

async function startService(
  { crew, signal, screen }: StartServicesOptions,
  role: "gateway" | "webhooks" | "backend",
  spec: ServiceSpec,
  address: string,
): Promise<string> {
  const service = await ServiceProcess.start(spec);
  crew.add(role, service);
  await service.ready(signal);
  service.forwardLines((line) => screen.quote(spec.name, line));
  screen.say(`${spec.name} is ready at ${address}`);
  return address;
}
