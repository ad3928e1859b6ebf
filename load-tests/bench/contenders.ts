import { readEnvironment } from "@tidegate/runtime";
import { findOnPath } from "@tidegate/testkit";
import {
  addressClient,
  bareClient,
  type ClientPlan,
  centrifugoClient,
  eventStreamClient,
  gatewayClient,
  resumingClient,
  socketIoClient,
} from "../client-plan.ts";
import { LoadTestError } from "../load-test-error.ts";
import type { BenchServer } from "./bench-server.ts";
import { CentrifugoServer } from "./centrifugo-server.ts";
import type { ClientsManner } from "./clients/bench-clients.ts";
import { startGateway, startGateways, startReplayable } from "./gateways.ts";
import { NodeServer } from "./node-server.ts";
import { OWN_CHANNELS, SHARED_CHANNEL } from "./scenario.ts";
import type { ServerName } from "./server-name.ts";
import type { ServerPlace } from "./server-place.ts";

/** What one client is to be. */
export interface ClientWish extends ClientsManner {
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
  /** Whether it has a core for itself, so that the most that it can do says something. */
  readonly saturates: boolean;
  /** @throws LoadTestError `server_failed`. */
  readonly start: (place: ServerPlace) => Promise<BenchServer>;
  readonly plan: (wish: ClientWish) => ClientPlan;
}

const NODES = 3;

export const CONTENDERS: Readonly<Record<ServerName, BenchContender>> = {
  bare: {
    title: "uWebSockets.js, own loop, flushed once per tick",
    batches: true,
    saturates: true,
    start: (place) => startProgram("bare-uws.ts", place),
    plan: ({ client, channel, batch, transport }) =>
      bareClient(
        transport === "sse" ? "/sse" : `/${query({ own: channel === "own" ? client : undefined, batch })}`,
      ),
  },
  native: {
    title: "uWebSockets.js, its own publish",
    batches: false,
    saturates: true,
    start: (place) => startProgram("native-uws.ts", place),
    plan: ({ client, channel }) => bareClient(channel === "own" ? `/?own=${client}` : "/"),
  },
  ws: {
    title: "ws, loop over clients",
    batches: false,
    saturates: true,
    start: (place) => startProgram("ws.ts", place),
    plan: ({ client, channel }) => bareClient(channel === "own" ? `/?own=${client}` : "/"),
  },
  "socket.io": {
    title: "Socket.IO, rooms, WebSocket only",
    batches: false,
    saturates: true,
    start: (place) => startProgram("socket-io.ts", place),
    plan: ({ client, channel }) => socketIoClient(channel === "own" ? `&own=${client}` : ""),
  },
  tidegate: {
    title: "a gateway node: JWT (HS256), grants, one subscription",
    batches: true,
    saturates: true,
    start: startGateway,
    plan: planGateway,
  },
  "by-address": {
    title: "the same, with token and channel in the handshake",
    batches: false,
    saturates: true,
    start: startGateway,
    plan: ({ client, token, channel }) => addressClient(token, channelName(channel, client)),
  },
  replayable: {
    title: "a gateway node with channels that keep history",
    batches: true,
    saturates: true,
    start: startReplayable,
    plan: planGateway,
  },
  "three-nodes": {
    title: `${NODES} gateway nodes on the one core`,
    batches: false,
    saturates: false,
    start: (place) => startGateways(place, NODES),
    plan: planGateway,
  },
  centrifugo: {
    title: "Centrifugo, NATS broker in raw mode: JWT (HS256), one subscription",
    // It joins messages by itself, up to 16 in a frame.
    batches: false,
    saturates: true,
    start: async ({ natsUrl, subjectPrefix, cpus }) => {
      const binary = await findCentrifugo();
      if (binary === undefined) {
        throw new LoadTestError("tool_missing", "there is no centrifugo on PATH");
      }
      return await CentrifugoServer.start({ binary, natsUrl, subjectPrefix, cpus });
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

function planGateway({ client, token, channel, transport, resuming, batch }: ClientWish): ClientPlan {
  const name = channelName(channel, client);
  if (transport === "sse") {
    return eventStreamClient(token, name);
  }
  return resuming ? resumingClient(token, name) : gatewayClient(token, name, batch);
}

function startProgram(file: string, { natsUrl, subjectPrefix, cpus }: ServerPlace): Promise<BenchServer> {
  return NodeServer.start({
    file: new URL(`servers/${file}`, import.meta.url),
    args: [natsUrl, subjectPrefix, SHARED_CHANNEL, OWN_CHANNELS],
    env: {},
    profileDirectory: undefined,
    cpus,
  });
}
