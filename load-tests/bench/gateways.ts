import { fileURLToPath } from "node:url";
import { DEVELOPMENT_KEY } from "@tidegate/auth";
import type { Environment } from "@tidegate/runtime";
import { provision } from "../provision.ts";
import type { BenchServer } from "./bench-server.ts";
import { dropStreams } from "./drop-streams.ts";
import { NodeServer } from "./node-server.ts";
import { ServerGroup } from "./server-group.ts";
import type { ServerPlace } from "./server-place.ts";

const GATEWAY_FILE = new URL("../../services/gateway/src/main.ts", import.meta.url);
const LIVE_CONFIG = fileURLToPath(new URL("gateway.yaml", import.meta.url));
const HISTORY_CONFIG = fileURLToPath(new URL("gateway-history.yaml", import.meta.url));

/** A node whose channels are live. */
export function startGateway(place: ServerPlace): Promise<BenchServer> {
  return startNode(place, LIVE_CONFIG);
}

/** So many nodes, on the one core that a server has. */
export function startGateways(place: ServerPlace, count: number): Promise<BenchServer> {
  return ServerGroup.start(Array.from({ length: count }, () => () => startNode(place, LIVE_CONFIG)));
}

/** A node whose channels keep history. Their stream lives as long as the node: no other server must pay for it. */
export async function startReplayable(place: ServerPlace): Promise<BenchServer> {
  await provision(HISTORY_CONFIG, environment(place));
  const node = await startNode(place, HISTORY_CONFIG);
  return {
    ports: node.ports,
    pids: node.pids,
    readings: () => node.readings(),
    collectGarbage: () => node.collectGarbage(),
    stop: async () => {
      await node.stop();
      await dropStreams(place.natsUrl);
    },
  };
}

function startNode(place: ServerPlace, configPath: string): Promise<BenchServer> {
  return NodeServer.start({
    file: GATEWAY_FILE,
    args: ["--config", configPath],
    env: environment(place),
    profileDirectory: place.profileDirectory,
    cpus: place.cpus,
  });
}

function environment({ natsUrl, subjectPrefix, settings }: ServerPlace): Environment {
  return {
    TIDEGATE_NATS_SERVERS: natsUrl,
    TIDEGATE_SUBJECTS_PREFIX: subjectPrefix,
    TIDEGATE_LISTEN_HOST: "127.0.0.1",
    TIDEGATE_LISTEN_PORT: "0",
    TIDEGATE_OPERATIONS_HOST: "127.0.0.1",
    TIDEGATE_OPERATIONS_PORT: "0",
    TIDEGATE_AUTH_SECRET: DEVELOPMENT_KEY.secret,
    TIDEGATE_AUTH_ALGORITHMS: "HS256",
    ...settings,
  };
}
