import type { Principal } from "../namespace-policies.ts";
import type { NodeContext } from "../node-context.ts";

/**
 * When a client has to be gone because of its token, by the clock of deadlines; never without one. The end of a token is a date, and a
 * date may be set: this has to be asked anew at each look.
 */
export function expiryOf(principal: Principal, { uptime, now }: Pick<NodeContext, "uptime" | "now">): number {
  return principal === undefined ? Number.POSITIVE_INFINITY : uptime() + principal.expiresAt - now();
}
