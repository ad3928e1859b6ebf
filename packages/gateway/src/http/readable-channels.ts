import type { NamespacePolicies, Principal } from "../namespace-policies.ts";
import type { Problem } from "./problem.ts";

/** What is wrong with reading these channels, if one of them is not granted. */
export function forbiddenChannel(
  policies: NamespacePolicies,
  principal: Principal,
  channels: readonly string[],
): Problem | undefined {
  const channel = channels.find((candidate) => !policies.allows(principal, "subscribe", candidate));
  return channel === undefined
    ? undefined
    : { code: "forbidden", detail: `no grant allows subscribe on ${channel}`, channel };
}
