import { isUtf8 } from "node:buffer";
import { isJsonObject, type JsonObject, memberOf } from "./strict-json.ts";

/** The part of `fetch` that a key set needs. It must honour `signal`. */
export type FetchKeySet = (
  url: string,
  init: {
    readonly signal: AbortSignal;
    readonly redirect: "manual";
    readonly headers: Readonly<Record<string, string>>;
  },
) => Promise<Response>;

/**
 * - `network`: no connection, or it broke. - `timeout`: no complete answer in time. - `redirected`: redirects are
 * not followed, so that only the configured host says which keys count. - `status`: any other answer than 200.
 * - `too_large`: more than `maxBytes`. - `malformed`: not a JSON Web Key Set. - `too_many_keys`: more than
 * `maxKeys`.
 */
export type KeySetErrorCode =
  | "network"
  | "timeout"
  | "redirected"
  | "status"
  | "too_large"
  | "malformed"
  | "too_many_keys";

/** Why a fetch failed, for logs and metrics (`code` as label). `message` holds nothing that the server sent. */
export interface KeySetError {
  readonly code: KeySetErrorCode;
  readonly message: string;
}

export type FetchedKeySet =
  | { readonly ok: true; readonly keys: readonly JsonObject[] }
  | { readonly ok: false; readonly error: KeySetError };

export interface KeySetRequest {
  readonly url: string;
  /** For the whole answer, body included. */
  readonly timeoutMs: number;
  readonly maxBytes: number;
  readonly maxKeys: number;
}

/** Fetches a JSON Web Key Set once. Never rejects; aborting `signal` counts as a `network` failure. */
export async function fetchKeySet(
  request: KeySetRequest,
  fetch: FetchKeySet,
  signal: AbortSignal,
): Promise<FetchedKeySet> {
  const timeout = AbortSignal.timeout(request.timeoutMs);
  try {
    const response = await fetch(request.url, {
      signal: AbortSignal.any([timeout, signal]),
      redirect: "manual",
      headers: { accept: "application/jwk-set+json, application/json" },
    });
    if (response.status !== 200) {
      // Frees the connection; the body of a refusal is of no interest.
      await response.body?.cancel();
      return refusedStatus(response);
    }
    const body = await readBody(response, request.maxBytes);
    return body === undefined
      ? failed("too_large", `the answer is longer than ${request.maxBytes} bytes`)
      : parseKeySet(body, request.maxKeys);
  } catch (error) {
    return timeout.aborted
      ? failed("timeout", `no complete answer within ${request.timeoutMs} ms`)
      : failed("network", systemCode(error) ?? "the connection failed");
  }
}

function refusedStatus(response: Response): FetchedKeySet {
  const { status } = response;
  // Some implementations of fetch hide the status of a redirect they did not follow.
  return response.type === "opaqueredirect" || (status >= 300 && status < 400)
    ? failed("redirected", "the server redirects; configure the final URL")
    : failed("status", `the server answered ${status}`);
}

/** `undefined` if the body is too long; what is over the limit is not read. */
async function readBody(response: Response, maxBytes: number): Promise<Buffer | undefined> {
  if (response.body === null || Number(response.headers.get("content-length")) > maxBytes) {
    await response.body?.cancel();
    return response.body === null ? Buffer.alloc(0) : undefined;
  }
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body as AsyncIterable<Uint8Array>) {
    bytes += chunk.byteLength;
    if (bytes > maxBytes) {
      // Leaving the loop cancels the stream.
      return undefined;
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, bytes);
}

function parseKeySet(body: Buffer, maxKeys: number): FetchedKeySet {
  let value: unknown;
  try {
    value = isUtf8(body) ? JSON.parse(body.toString("utf8")) : undefined;
  } catch {
    value = undefined;
  }
  const keys = isJsonObject(value) ? memberOf(value, "keys") : undefined;
  if (!Array.isArray(keys) || !keys.every(isJsonObject)) {
    return failed("malformed", "the answer is not a JSON Web Key Set");
  }
  return keys.length > maxKeys
    ? failed("too_many_keys", `the set has ${keys.length} keys; at most ${maxKeys} are accepted`)
    : { ok: true, keys };
}

/** The system's name for what went wrong (`ECONNREFUSED`), which says enough and quotes nobody. */
function systemCode(error: unknown): string | undefined {
  const cause = error instanceof Error ? error.cause : undefined;
  const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
  return typeof code === "string" && /^[A-Z][A-Z0-9_]{1,39}$/.test(code) ? code : undefined;
}

function failed(code: KeySetErrorCode, message: string): FetchedKeySet {
  return { ok: false, error: { code, message } };
}
