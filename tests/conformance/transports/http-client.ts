import { setTimeout as delay } from "node:timers/promises";
import type { Nodes } from "../target.ts";
import { type Json, readObject } from "./read-message.ts";
import { PATIENCE_MS, Refusal } from "./transport.ts";

export interface HttpAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

export interface HttpRequest {
  readonly method?: "GET" | "POST" | "OPTIONS" | "DELETE";
  readonly query?: Readonly<Record<string, string | undefined>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  readonly token?: string | undefined;
  readonly timeoutMs?: number;
}

/** An address of the node, with those parameters that are given. */
export function address(base: URL, path: string, query: HttpRequest["query"] = {}): URL {
  const url = new URL(path, base);
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined) {
      url.searchParams.set(name, value);
    }
  }
  return url;
}

export function bearer(token: string | undefined): Readonly<Record<string, string>> {
  return token === undefined ? {} : { authorization: `Bearer ${token}` };
}

/** One request and its whole answer, whatever the status. */
export async function exchange(nodes: Nodes, path: string, request: HttpRequest = {}): Promise<HttpAnswer> {
  const { method = "GET", query, headers = {}, body, token, timeoutMs = PATIENCE_MS } = request;
  const json = body === undefined ? {} : { "content-type": "application/json" };
  const deadline = performance.now() + PATIENCE_MS;
  for (;;) {
    const response = await fetch(address(nodes.next(), path, query), {
      method,
      headers: { ...bearer(token), ...json, ...headers },
      ...(body === undefined ? {} : { body }),
      signal: AbortSignal.timeout(timeoutMs),
    });
    const text = await response.text();
    const wait = 1_000 * Number(response.headers.get("retry-after"));
    // The suite asks more than a client would: what it is told to wait for its rate is no finding.
    if (
      response.status !== 429 ||
      refusalOf(429, text).code !== "rate_limited" ||
      performance.now() + wait > deadline
    ) {
      return { status: response.status, headers: response.headers, text };
    }
    await delay(wait);
  }
}

/** The object of a 200, or else {@link refusalOf} the answer. */
export function accepted({ status, text }: HttpAnswer): Json {
  if (status !== 200) {
    throw refusalOf(status, text);
  }
  return readObject(text);
}

/** What a problem document says. */
export function refusalOf(status: number, text: string): Refusal {
  try {
    const { code, detail } = readObject(text);
    return new Refusal(String(code), String(detail), status);
  } catch {
    return new Refusal("no problem document", `${status} ${text.slice(0, 200)}`, status);
  }
}
