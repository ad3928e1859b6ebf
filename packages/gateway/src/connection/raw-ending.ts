import type { CloseName, ErrorMessage } from "@tidegate/protocol";
import type { Ending } from "./ending.ts";

/** Errors that are not a mistake in the address. */
const CLOSE_OF: Readonly<Record<string, CloseName | undefined>> = {
  forbidden: "forbidden",
  broker_unavailable: "broker_unavailable",
  internal_error: "internal_error",
};

/** How a raw client learns why its channels can't be had: it gets no messages but payloads, so the close has to tell. */
export function rawEnding(error: ErrorMessage): Ending {
  return { name: CLOSE_OF[error.code] ?? "request_invalid", reason: error.message };
}
