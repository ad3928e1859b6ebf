import type { NatsConnection } from "@tidegate/testkit";
import { LoadTestError } from "../../load-test-error.ts";

/** What a stream's leader says of it. */
export interface StreamInfo {
  readonly firstSequence: number;
  readonly lastSequence: number;
  /** Names of servers; of a stream with one replica `leader` is the only one, or undefined outside of clusters. */
  readonly leader: string | undefined;
  readonly followers: readonly { readonly name: string; readonly current: boolean }[];
}

const ANSWER_LIMIT_MS = 3000;

/** The stream of a namespace. */
export function streamOf(prefix: string, namespace: string): string {
  return `${prefix}_${namespace}`;
}

/** @throws LoadTestError `server_failed` if there is no such stream, or no leader that answers. */
export async function readStreamInfo(nats: NatsConnection, stream: string): Promise<StreamInfo> {
  let answer: unknown;
  try {
    const message = await nats.request(`$JS.API.STREAM.INFO.${stream}`, "", { timeout: ANSWER_LIMIT_MS });
    answer = message.json();
  } catch (cause) {
    throw new LoadTestError("server_failed", `nobody answers for the stream ${stream}`, { cause });
  }
  return parseStreamInfo(answer, stream);
}

/** @throws LoadTestError `server_failed` if it is an error, or no description of a stream. */
export function parseStreamInfo(answer: unknown, stream: string): StreamInfo {
  const { state, cluster, error } = record(answer);
  if (error !== undefined || state === undefined) {
    throw new LoadTestError("server_failed", `${stream}: ${JSON.stringify(error ?? answer)}`);
  }
  const { first_seq: first, last_seq: last } = record(state);
  const { leader, replicas } = record(cluster);
  return {
    firstSequence: Number(first),
    lastSequence: Number(last),
    leader: typeof leader === "string" && leader !== "" ? leader : undefined,
    followers: (Array.isArray(replicas) ? replicas : []).map((replica) => {
      const { name, current } = record(replica);
      return { name: String(name), current: current === true };
    }),
  };
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}
