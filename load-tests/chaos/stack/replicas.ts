import type { NatsConnection, OwnNatsServer } from "@tidegate/testkit";
import { LoadTestError } from "../../load-test-error.ts";
import { NAMESPACES, SUBJECT_PREFIX } from "./gateway-config.ts";
import { isHealthy, type NatsLayout, serverNamed } from "./nats-layout.ts";
import { readStreamInfo, streamOf } from "./stream-info.ts";

export type Role = "leader" | "follower";

/** A cluster, and a connection to it. */
export interface ReplicatedStore {
  readonly nats: NatsLayout;
  readonly backend: NatsConnection;
}

/** The server that leads a stream, or the first that follows. @throws LoadTestError `server_failed` if there is none. */
export async function serverIn(
  role: Role,
  stream: string,
  { nats, backend }: ReplicatedStore,
): Promise<OwnNatsServer> {
  const { leader, followers } = await readStreamInfo(backend, stream);
  const name = role === "leader" ? leader : followers[0]?.name;
  const server = name === undefined ? undefined : await serverNamed(nats.servers, name);
  if (server === undefined) {
    throw new LoadTestError("server_failed", `the stream has no ${role}`);
  }
  return server;
}

/** Whether all servers are well, and all streams have a leader and followers that have caught up. */
export async function areReplicasWhole({ nats, backend }: ReplicatedStore): Promise<boolean> {
  const streams = await Promise.all(
    NAMESPACES.map((namespace) => readStreamInfo(backend, streamOf(SUBJECT_PREFIX, namespace))),
  );
  const healthy = await Promise.all(nats.servers.map(isHealthy));
  return (
    healthy.every(Boolean) &&
    streams.every(
      ({ leader, followers }) =>
        leader !== undefined &&
        followers.length === nats.servers.length - 1 &&
        followers.every(({ current }) => current),
    )
  );
}
