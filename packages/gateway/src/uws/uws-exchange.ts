import type { HttpRequest, HttpResponse } from "uWebSockets.js";
import { STATUS_CODES } from "node:http";
import {
  type BodyOutcome,
  type HttpAnswer,
  type HttpExchange,
  REQUEST_HEADERS,
  type RequestHead,
  type ResponseStream,
  type StreamOwner,
} from "../http/http-exchange.ts";
import { readAddress } from "./read-handshake.ts";
import { UwsResponseStream } from "./uws-response-stream.ts";

/** Runs a callback of ours where an exception must not get out. */
export type Guard = (handler: string, run: () => void, afterFailure: () => void) => void;

/**
 * - `open`: not answered yet.
 * - `streaming`: the answer goes on.
 * - `over`: answered, or the client is gone; the native object must not be touched any more.
 */
type State =
  | { readonly kind: "open"; readonly native: HttpResponse }
  | { readonly kind: "streaming"; readonly stream: UwsResponseStream }
  | { readonly kind: "over" };

const OVER: State = { kind: "over" };

/** Copies what the gateway needs of a request: the native object is valid only inside the handler. */
export function readRequestHead(
  response: HttpResponse,
  request: HttpRequest,
  forwardedHops: number,
): RequestHead {
  return {
    method: request.getMethod().toUpperCase(),
    path: request.getUrl(),
    query: request.getQuery() ?? "",
    headers: Object.fromEntries(
      REQUEST_HEADERS.map((name) => [name, request.getHeader(name)]),
    ) as RequestHead["headers"],
    address: readAddress(response, request, forwardedHops),
  };
}

/** Makes the native response safe: every method of one that is answered or aborted throws. */
export class UwsExchange implements HttpExchange {
  readonly head: RequestHead;
  readonly #guard: Guard;
  #state: State;
  #isGone = false;
  #onGone: (() => void) | undefined;
  #settleBody: ((outcome: BodyOutcome) => void) | undefined;

  constructor(native: HttpResponse, head: RequestHead, guard: Guard) {
    this.head = head;
    this.#guard = guard;
    this.#state = { kind: "open", native };
    native.onAborted(() =>
      guard(
        "aborted",
        () => this.#aborted(),
        () => {},
      ),
    );
  }

  get isGone(): boolean {
    return this.#isGone;
  }

  onGone(listener: () => void): void {
    this.#onGone = listener;
    if (this.#isGone) {
      listener();
    }
  }

  readBody(maxBytes: number): Promise<BodyOutcome> {
    const state = this.#state;
    if (state.kind !== "open") {
      return Promise.resolve({ kind: "aborted" });
    }
    const { promise, resolve } = Promise.withResolvers<BodyOutcome>();
    this.#settleBody = resolve;
    const parts: Buffer[] = [];
    let bytes = 0;
    state.native.onData((chunk, isLast) => {
      bytes += chunk.byteLength;
      if (bytes > maxBytes) {
        parts.length = 0;
        resolve({ kind: "too_large" });
        return;
      }
      // A copy: the bytes are lent for the time of the call.
      parts.push(Buffer.from(new Uint8Array(chunk)));
      if (isLast) {
        resolve({ kind: "body", bytes: Buffer.concat(parts) });
      }
    });
    return promise;
  }

  respond({ status, headers, body, close = false }: HttpAnswer): void {
    const state = this.#state;
    if (state.kind !== "open") {
      return;
    }
    this.#state = OVER;
    const { native } = state;
    const isHead = this.head.method === "HEAD";
    native.cork(() => {
      begin(native, status, headers);
      if (body === undefined) {
        endWithoutLength(native, close);
      } else if (isHead) {
        native.endWithoutBody(Buffer.byteLength(body), close);
      } else {
        native.end(body, close);
      }
    });
  }

  stream(
    headers: Readonly<Record<string, string>>,
    first: Uint8Array,
    owner: StreamOwner,
  ): ResponseStream | undefined {
    const state = this.#state;
    if (state.kind !== "open") {
      return undefined;
    }
    if (this.head.method === "HEAD") {
      this.respond({ status: 200, headers, body: undefined });
      return undefined;
    }
    const { native } = state;
    const stream = new UwsResponseStream(native, owner);
    this.#state = { kind: "streaming", stream };
    native.onWritable(() => {
      // Never false: that would be to say that a write of ours was cut short, which it never is.
      this.#guard(
        "writable",
        () => stream.owner?.writable(),
        () => stream.cut(),
      );
      return true;
    });
    native.cork(() => begin(native, 200, headers).write(first));
    return stream;
  }

  #aborted(): void {
    const state = this.#state;
    this.#state = OVER;
    this.#isGone = true;
    this.#settleBody?.({ kind: "aborted" });
    if (state.kind === "streaming") {
      state.stream.aborted();
    } else if (state.kind === "open") {
      this.#onGone?.();
    }
  }
}

/** An answer that has no body by its status. A second argument would make uWebSockets.js send a length, and a wild one. */
function endWithoutLength(native: HttpResponse, close: boolean): void {
  if (close) {
    native.writeHeader("connection", "close");
  }
  native.endWithoutBody();
}

function begin(
  native: HttpResponse,
  status: number,
  headers: Readonly<Record<string, string>>,
): HttpResponse {
  native.writeStatus(`${status} ${STATUS_CODES[status]}`);
  for (const [name, value] of Object.entries(headers)) {
    native.writeHeader(name, value);
  }
  return native;
}
