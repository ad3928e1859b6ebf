import type { Position, ResetReason } from "@tidegate/protocol";
import type { BrokerError } from "../broker-error.ts";
import type { StoredMessage } from "./stored-message.ts";

/** Which page of a channel's history. Sequences and not cursors: the epoch has been compared before. */
export interface PageRequest {
  /** Only messages older than this sequence. */
  readonly before?: number | undefined;
  /** Only messages newer than this sequence. Not together with `before`. */
  readonly after?: number | undefined;
  readonly limit: number;
  /** Payload bytes after which a page ends early; one message comes whatever its size. Default 512 KiB. */
  readonly maxBytes?: number | undefined;
}

export type HistoryPage =
  | {
      readonly kind: "page";
      /** Oldest first. */
      readonly messages: readonly StoredMessage[];
      /** Further messages lie in the direction that was read. */
      readonly more: boolean;
      /** Where reading forward goes on: the last message of the page, or the end of what was looked at. */
      readonly newer: Position;
      /** With `after`: messages between it and the page may be gone. */
      readonly reset: ResetReason | undefined;
    }
  | { readonly kind: "failed"; readonly error: BrokerError };
