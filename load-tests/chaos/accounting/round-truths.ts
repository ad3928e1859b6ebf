import type { NatsConnection } from "@tidegate/testkit";
import type { RoundTruth } from "../clients/orders.ts";
import { NAMESPACES, SUBJECT_PREFIX } from "../stack/gateway-config.ts";
import { readStreamInfo, streamOf } from "../stack/stream-info.ts";
import type { FirstNumbers } from "../steady-publisher.ts";
import { ofRound } from "./channel-truth.ts";
import { readTruth } from "./read-truth.ts";

/** By namespace, the last sequence of its stream. */
export type Heads = ReadonlyMap<string, number>;

/** How far all streams have come, before a round. @throws LoadTestError `server_failed`. */
export async function readHeads(nats: NatsConnection): Promise<Heads> {
  const heads = new Map<string, number>();
  for (const namespace of NAMESPACES) {
    const { lastSequence } = await readStreamInfo(nats, streamOf(SUBJECT_PREFIX, namespace));
    heads.set(namespace, lastSequence);
  }
  return heads;
}

/** What all streams hold of a round. @throws LoadTestError `server_failed`. */
export async function readRoundTruths(
  nats: NatsConnection,
  heads: Heads,
  firstNumbers: FirstNumbers,
): Promise<readonly RoundTruth[]> {
  const truths: RoundTruth[] = [];
  for (const [namespace, head] of heads) {
    for (const truth of await readTruth(nats, streamOf(SUBJECT_PREFIX, namespace), SUBJECT_PREFIX, head)) {
      const firstNumber = firstNumbers.get(truth.channel) ?? 0;
      truths.push({ ...ofRound(truth, firstNumber), firstNumber });
    }
  }
  return truths;
}
