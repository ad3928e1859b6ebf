import type { JoinFrom } from "@tidegate/broker";
import { NOW } from "../handlers/subscribe.ts";
import type { NamespacePolicies } from "../namespace-policies.ts";
import type { AddressWish } from "./entrance.ts";

/** A channel that a client wants from the start, and from where. */
export interface WantedJoin {
  readonly channel: string;
  readonly from: JoinFrom;
}

/**
 * What the address and `connect` ask for together. The same channel in both is one wish, not an error; the cursor of the address is
 * meant for the address's channels, of which those that are live have no use for it.
 */
export function wantedJoins(
  { channels, since }: AddressWish,
  asked: readonly string[],
  policies: Pick<NamespacePolicies, "isReplayable">,
): readonly WantedJoin[] {
  if (channels.length === 0 && asked.length <= 1) {
    return asked.map((channel) => ({ channel, from: NOW }));
  }
  const addressed = new Set(channels);
  return [...new Set([...channels, ...asked])].map((channel) => {
    const resumes = since !== undefined && addressed.has(channel) && policies.isReplayable(channel);
    return { channel, from: resumes ? { kind: "since", cursor: since } : NOW };
  });
}
