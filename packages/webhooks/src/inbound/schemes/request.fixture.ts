import type { HookRequest } from "./hook-scheme.ts";

export interface RequestParts {
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  readonly contentType?: string;
  readonly target?: string;
}

/** A request as the server hands it over. */
export function requestOf({
  headers = {},
  body = "",
  contentType = "application/json",
  target = "/hooks/test",
}: RequestParts): HookRequest {
  const lower = new Map(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
  return {
    target,
    contentType,
    body: Buffer.from(body),
    header: (name) => lower.get(name) || undefined,
  };
}

/** The time in all tests that do not ask the real one. */
export const NOW_MS = 1_760_000_000_000;
export const NOW_SECONDS = NOW_MS / 1000;
