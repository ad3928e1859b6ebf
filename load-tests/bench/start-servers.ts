import { fileURLToPath } from "node:url";
import { DEVELOPMENT_KEY } from "@tidegate/auth";
import { BenchServer } from "./bench-server.ts";
import type { CpuPlan } from "./cpu-pinning.ts";
import { OWN_CHANNELS, SHARED_CHANNEL } from "./scenario.ts";

export const SERVER_NAMES = ["bare", "gateway"] as const;
/** `bare`: uWebSockets.js and a loop; `gateway`: a node of ours. */
export type ServerName = (typeof SERVER_NAMES)[number];

export interface ServerPlace {
  readonly natsUrl: string;
  readonly cpus: CpuPlan;
  /** Where the gateway writes its CPU profile when it ends; `undefined`: none. */
  readonly profileDirectory: string | undefined;
}

/** What backends put before a channel to get its subject. */
export const SUBJECT_PREFIX = "rt";

const GATEWAY_FILE = new URL("../../services/gateway/src/main.ts", import.meta.url);
const GATEWAY_CONFIG = new URL("gateway.yaml", import.meta.url);
const BARE_FILE = new URL("bare-uws-server.ts", import.meta.url);

/** @throws LoadTestError `server_failed`. */
export function startServer(name: ServerName, place: ServerPlace): Promise<BenchServer> {
  const { natsUrl, cpus } = place;
  if (name === "bare") {
    return BenchServer.start({
      file: BARE_FILE,
      args: [natsUrl, SUBJECT_PREFIX, SHARED_CHANNEL, OWN_CHANNELS],
      env: {},
      profileDirectory: undefined,
      cpus,
    });
  }
  return BenchServer.start({
    file: GATEWAY_FILE,
    args: ["--config", fileURLToPath(GATEWAY_CONFIG)],
    env: {
      TIDEGATE_NATS_SERVERS: natsUrl,
      TIDEGATE_SUBJECTS_PREFIX: SUBJECT_PREFIX,
      TIDEGATE_LISTEN_HOST: "127.0.0.1",
      TIDEGATE_LISTEN_PORT: "0",
      TIDEGATE_OPERATIONS_HOST: "127.0.0.1",
      TIDEGATE_OPERATIONS_PORT: "0",
      TIDEGATE_AUTH_SECRET: DEVELOPMENT_KEY.secret,
      TIDEGATE_AUTH_ALGORITHMS: "HS256",
    },
    profileDirectory: place.profileDirectory,
    cpus,
  });
}
