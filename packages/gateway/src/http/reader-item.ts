import type { ResetReason } from "@tidegate/protocol";
import type { Frame } from "../fan-out/format.ts";

/** Messages of a channel may be missing here. */
export interface ResetNotice {
  readonly reset: { readonly channel: string; readonly reason: ResetReason };
  readonly sequence: 0;
}

export type ReaderItem = Frame | ResetNotice;
