import type { CloseCause } from "../instruments.ts";

/** RFC 6455 section 7.1.5: there was no close frame. */
const ABNORMAL = 1006;

/**
 * What a close that we did not begin counts as. uWebSockets.js reports everything without a close frame as 1006 and gives
 * a reason: for what it cut by itself the rule that was broken, for a reset of the network none.
 */
export function closeCause(code: number, reason: string): CloseCause {
  if (code !== ABNORMAL) {
    return "client";
  }
  if (reason === "" || reason.includes("TCP FIN") || reason.includes("timed out")) {
    return "abnormal";
  }
  return reason.includes("too big") ? "frame_too_large" : "protocol_violation";
}
