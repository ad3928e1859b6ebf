import type { Endpoint } from "./endpoint.ts";

/**
 * Why an endpoint is sent nothing; `undefined`: it may be. Of several the one that counts: what is for a disabled endpoint is given up, and
 * a pause is its owner's wish, whether its secrets can be read or not.
 */
export function obstacleOf({
  disabled,
  paused,
  locked,
}: Pick<Endpoint, "disabled" | "paused" | "locked">): "disabled" | "paused" | "locked" | undefined {
  if (disabled !== undefined) return "disabled";
  if (paused) return "paused";
  return locked === undefined ? undefined : "locked";
}
