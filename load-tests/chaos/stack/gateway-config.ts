import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { DEVELOPMENT_KEY } from "@tidegate/auth";
import type { Environment } from "@tidegate/runtime";

/** What backends put before a channel to get its subject. */
export const SUBJECT_PREFIX = "rt";

/** Namespaces with history. Two, so that cursors speak of several. */
export const NAMESPACES = ["chat", "feed"] as const;

/** What a run may want otherwise than others. */
export interface GatewayConfigChanges {
  readonly drain?: { readonly windowMs: string; readonly reconnectMs: string; readonly deadlineMs: string };
  readonly ping?: { readonly intervalMs: string; readonly pongTimeoutMs: string };
  /** Of each namespace's stream. */
  readonly maxBytes?: string;
}

const AT_ONCE = { windowMs: "50ms", reconnectMs: "500ms", deadlineMs: "10s" };

/**
 * Writes the configuration that all nodes of a run share, and provisioning too.
 *
 * @returns its path
 */
export async function writeGatewayConfig(
  directory: string,
  replicas: 1 | 3,
  { drain = AT_ONCE, ping, maxBytes = "256MiB" }: GatewayConfigChanges = {},
): Promise<string> {
  const history = {
    maxAge: "1h",
    messagesPerChannel: 100_000,
    maxBytes,
    replicas,
    storage: "file",
    deduplication: "2m",
  };
  const config = {
    mode: "development",
    // All clients have one address.
    limits: { connections: 100_000, connectionsPerAddress: 100_000 },
    drain,
    ...(ping === undefined ? {} : { ping }),
    namespaces: Object.fromEntries(NAMESPACES.map((name) => [name, { publish: "none", history }])),
  };
  const path = join(directory, "gateway.yaml");
  // JSON is YAML.
  await writeFile(path, JSON.stringify(config, undefined, 2));
  return path;
}

/** What must not stand in a file, or differs between nodes. */
export function gatewayEnvironment(natsUrl: string): Environment {
  return {
    TIDEGATE_NATS_SERVERS: natsUrl,
    TIDEGATE_SUBJECTS_PREFIX: SUBJECT_PREFIX,
    TIDEGATE_LISTEN_HOST: "127.0.0.1",
    TIDEGATE_OPERATIONS_HOST: "127.0.0.1",
    TIDEGATE_AUTH_SECRET: DEVELOPMENT_KEY.secret,
    TIDEGATE_AUTH_ALGORITHMS: "HS256",
  };
}
