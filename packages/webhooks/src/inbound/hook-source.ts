import { createHash } from "node:crypto";
import type { HookRequest, HookScheme } from "./schemes/hook-scheme.ts";

/**
 * What two requests must share to count as one delivery.
 *
 * - `id`: the sender's id. Several senders do not sign theirs: who has one of their requests can repeat it under a new id.
 * - `body`: every byte of the body. Nobody can repeat it; but two honest deliveries that do not differ count as one.
 */
type Sameness = "id" | "body";

/** A sender that may deliver to `/hooks/<name>`. */
export interface HookSource {
  readonly name: string;
  readonly schemeName: string;
  readonly scheme: HookScheme;
  readonly sameness: Sameness;
}

/** The key under which a delivery is stored once. */
export function deliveryKey({ sameness }: HookSource, id: string, { body }: HookRequest): string {
  return sameness === "id" ? `id:${id}` : `body:${createHash("sha256").update(body).digest("base64url")}`;
}
