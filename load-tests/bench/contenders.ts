import { fileURLToPath } from "node:url";
import { DEVELOPMENT_KEY } from "@tidegate/auth";
import { readEnvironment } from "@tidegate/runtime";
import { findOnPath } from "@tidegate/testkit";
import {
  bareClient,
  type ClientPlan,
  centrifugoClient,
  gatewayClient,
  socketIoClient,
} from "../client-plan.ts";
import { LoadTestError } from "../load-test-error.ts";
import type { BenchServer } from "./bench-server.ts";
import { CentrifugoServer } from "./centrifugo-server.ts";
import type { CpuPlan } from "./cpu-pinning.ts";
import { NodeServer } from "./node-server.ts";
import { OWN_CHANNELS, SHARED_CHANNEL } from "./scenario.ts";

export const SERVER_NAMES = ["bare", "native", "ws", "socket.io", "tidegate", "centrifugo"] as const;
export type ServerName = (typeof SERVER_NAMES)[number];

/** What everything is compared with. */
export const BASELINE: ServerName = "bare";

export interface ServerPlace {
  readonly natsUrl: string;
  readonly cpus: CpuPlan;
  /** Where the gateway writes its CPU profile when it ends; `undefined`: none. */
  readonly profileDirectory: string | undefined;
}

/** What one client is to be. */
export interface ClientWish {
  /** Number of the client. */
  readonly client: number;
  readonly token: string;
  /** The channel of everybody, or one of its own. */
  readonly channel: "shared" | "own";
  /** Wants several messages in a frame. */
  readonly batch: boolean;
}

/** One of the servers that are measured. */
export interface BenchContender {
  /** What it is, for people. */
  readonly title: string;
  /** Whether clients can ask for joined frames. */
  readonly batches: boolean;
  /** @throws LoadTestError `server_failed`. */
  readonly start: (place: ServerPlace) => Promise<BenchServer>;
  readonly plan: (wish: ClientWish) => ClientPlan;
}

/** What backends put before a channel to get its subject. */
export const SUBJECT_PREFIX = "rt";

const GATEWAY_FILE = new URL("../../services/gateway/src/main.ts", import.meta.url);
const GATEWAY_CONFIG = fileURLToPath(new URL("gateway.yaml", import.meta.url));

export const CONTENDERS: Readonly<Record<ServerName, BenchContender>> = {
  bare: {
    title: "uWebSockets.js, own loop, flushed once per tick",
    batches: true,
    start: (place) => startProgram("bare-uws.ts", place),
    plan: ({ client, channel, batch }) =>
      bareClient(`/${query({ own: channel === "own" ? client : undefined, batch })}`),
  },
  native: {
    title: "uWebSockets.js, its own publish",
    batches: false,
    start: (place) => startProgram("native-uws.ts", place),
    plan: ({ client, channel }) => bareClient(channel === "own" ? `/?own=${client}` : "/"),
  },
  ws: {
    title: "ws, loop over clients",
    batches: false,
    start: (place) => startProgram("ws.ts", place),
    plan: ({ client, channel }) => bareClient(channel === "own" ? `/?own=${client}` : "/"),
  },
  "socket.io": {
    title: "Socket.IO, rooms, WebSocket only",
    batches: false,
    start: (place) => startProgram("socket-io.ts", place),
    plan: ({ client, channel }) => socketIoClient(channel === "own" ? `&own=${client}` : ""),
  },
  tidegate: {
    title: "a gateway node: JWT (HS256), grants, one subscription",
    batches: true,
    start: startGateway,
    plan: ({ client, token, channel, batch }) => gatewayClient(token, channelName(channel, client), batch),
  },
  centrifugo: {
    title: "Centrifugo, NATS broker in raw mode: JWT (HS256), one subscription",
    // It joins messages by itself, up to 16 in a frame.
    batches: false,
    start: async ({ natsUrl, cpus }) => {
      const binary = await findCentrifugo();
      if (binary === undefined) {
        throw new LoadTestError("tool_missing", "there is no centrifugo on PATH");
      }
      return await CentrifugoServer.start({ binary, natsUrl, subjectPrefix: SUBJECT_PREFIX, cpus });
    },
    plan: ({ client, token, channel }) => centrifugoClient(token, channelName(channel, client)),
  },
};

export async function findCentrifugo(): Promise<string | undefined> {
  const [first] = await findOnPath("centrifugo", readEnvironment());
  return first;
}

function channelName(channel: ClientWish["channel"], client: number): string {
  return channel === "own" ? `${OWN_CHANNELS}.${client}` : SHARED_CHANNEL;
}

function query({ own, batch }: { own: number | undefined; batch: boolean }): string {
  const parts = [...(own === undefined ? [] : [`own=${own}`]), ...(batch ? ["batch=1"] : [])];
  return parts.length === 0 ? "" : `?${parts.join("&")}`;
}

function startProgram(file: string, { natsUrl, cpus }: ServerPlace): Promise<BenchServer> {
  return NodeServer.start({
    file: new URL(`servers/${file}`, import.meta.url),
    args: [natsUrl, SUBJECT_PREFIX, SHARED_CHANNEL, OWN_CHANNELS],
    env: {},
    profileDirectory: undefined,
    cpus,
  });
}

function startGateway({ natsUrl, cpus, profileDirectory }: ServerPlace): Promise<BenchServer> {
  return NodeServer.start({
    file: GATEWAY_FILE,
    args: ["--config", GATEWAY_CONFIG],
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
    profileDirectory,
    cpus,
  });
}
