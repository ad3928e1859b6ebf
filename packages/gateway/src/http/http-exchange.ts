/** The request headers that the gateway looks at; a transport copies no others. */
export const REQUEST_HEADERS = [
  "access-control-request-method",
  "authorization",
  "content-encoding",
  "content-length",
  "content-type",
  "cookie",
  "host",
  "idempotency-key",
  "if-none-match",
  "last-event-id",
  "origin",
  "traceparent",
  "tracestate",
  "transfer-encoding",
  "x-request-id",
] as const;

type RequestHeader = (typeof REQUEST_HEADERS)[number];

/**
 * What the gateway keeps of a request, copied while the native request object was valid. Holds credentials: it never
 * reaches a log.
 */
export interface RequestHead {
  /** In capitals. */
  readonly method: string;
  /** As it was sent, without the query. */
  readonly path: string;
  /** Without the question mark. */
  readonly query: string;
  /** Empty text for a header that is absent. */
  readonly headers: Readonly<Record<RequestHeader, string>>;
  /** Address of the client, after forwarding headers were weighed. */
  readonly address: string;
}

/** A whole answer. The body is left away by the transport where the method is HEAD. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
  /** Ends the TCP connection, too. */
  readonly close?: boolean | undefined;
}

/** What came of reading a body. */
export type BodyOutcome =
  | { readonly kind: "body"; readonly bytes: Buffer }
  | { readonly kind: "too_large" }
  /** The client is gone. */
  | { readonly kind: "aborted" };

/**
 * What became of a chunk. `queued` was accepted and must not be sent again; more should wait for
 * {@link StreamOwner.writable}, since nothing here bounds what piles up. `closed`: there is nobody to send to.
 *
 * `sent` is certain only for what went before: the last 16 KB may still wait.
 */
export type WriteOutcome = "sent" | "queued" | "closed";

/** Gets what happens to a streaming answer. */
export interface StreamOwner {
  /**
   * The network took something. Has to write, be it a comment: only the attempt shows whether all is taken, and
   * the transport sends no more of what waits by itself.
   */
  writable(): void;
  /** The client is gone, or the transport gave it up. Not called after `end` or `cut`. */
  gone(): void;
}

/** The body of an answer that goes on. Every method is safe after the end. */
export interface ResponseStream {
  /** Sends a chunk, which must not be empty, as one write to the network. */
  write(chunk: Uint8Array): WriteOutcome;
  /** Ends the body in order: what waits is sent first, as long as the client reads it. */
  end(): void;
  /** Ends it at once. What waits is lost. */
  cut(): void;
}

/**
 * The port between the gateway and an HTTP transport: one request and its answer. An adapter owns the native objects and
 * makes every call safe after the client is gone; the core never learns which library is behind it.
 */
export interface HttpExchange {
  readonly head: RequestHead;
  /** The client is gone: nothing can be answered any more. */
  readonly isGone: boolean;
  /** Calls `listener` once the client goes before it is answered, or at once if it has. At most one listener, the last. */
  onGone(listener: () => void): void;
  /**
   * Reads the body, at most `maxBytes` of it. Must be called in the turn in which the exchange came: a body that nobody
   * reads is thrown away. Never rejects.
   */
  readBody(maxBytes: number): Promise<BodyOutcome>;
  /** Answers. Only the first answer counts. */
  respond(answer: HttpAnswer): void;
  /** Answers with a body that goes on, and its first chunk. `undefined` if it is answered already or the client is gone. */
  stream(
    headers: Readonly<Record<string, string>>,
    first: Uint8Array,
    owner: StreamOwner,
  ): ResponseStream | undefined;
}
