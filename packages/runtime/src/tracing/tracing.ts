/** Where something stands in a trace, as the headers of W3C Trace Context say it. */
export interface TraceLink {
  /** Of version 00, and valid. */
  readonly traceparent: string;
  readonly tracestate: string | undefined;
}

export type AttributeValue = string | number | boolean;

/** What a span is, from its beginning. Names and values must be few where they come from people: no ids, no payloads, no tokens. */
export interface SpanStart {
  readonly name: string;
  /** Who is at the other end: a caller (`server`), somebody who is called (`client`), or whoever reads what is sent (`producer`). */
  readonly kind: "server" | "client" | "producer";
  /** What it continues; without one a trace begins. */
  readonly parent: TraceLink | undefined;
  /**
   * Whether `parent` comes from within, so that its wish to be kept is granted. Anybody can write one: that of a stranger is kept as often as
   * traces that begin here.
   */
  readonly trusted: boolean;
  /** Keys by the semantic conventions of OpenTelemetry, or beginning with `tidegate.`. */
  readonly attributes: Readonly<Record<string, AttributeValue>>;
}

/** Something that takes time, in a trace. */
export interface Span {
  /** For what is sent on its behalf; undefined where there is nothing to say: then nothing need be sent along. */
  readonly link: TraceLink | undefined;
  set(name: string, value: AttributeValue): void;
  /** @param error what kind of failure it was, one of a few words; left out where all is well. */
  end(error?: string): void;
}

/**
 * Spans and where they go. Where tracing is off there is none of these, and whoever would begin a span passes on what came instead.
 * Nothing here throws.
 */
export interface Tracing {
  begin(start: SpanStart): Span;
  /** Sends what is held, for a second at most. Idempotent; never rejects. */
  close(): Promise<void>;
}
