import type { Span, TraceLink } from "./tracing.ts";

const SAMPLED = 1;

/** A span that is not kept. Its parent's place is passed on, for it has none of its own, and says that the trace is not kept here. */
class UnrecordedSpan implements Span {
  readonly link: TraceLink | undefined;

  constructor(link: TraceLink | undefined) {
    this.link = link;
  }

  set(): void {}

  end(): void {}
}

const ROOT = new UnrecordedSpan(undefined);

export function unrecordedSpan(parent: TraceLink | undefined): Span {
  return parent === undefined ? ROOT : new UnrecordedSpan(unsampled(parent));
}

function unsampled(parent: TraceLink): TraceLink {
  const { traceparent, tracestate } = parent;
  const flags = Number.parseInt(traceparent.slice(-2), 16);
  if ((flags & SAMPLED) === 0) return parent;
  const cleared = (flags & ~SAMPLED).toString(16).padStart(2, "0");
  return { traceparent: `${traceparent.slice(0, -2)}${cleared}`, tracestate };
}
