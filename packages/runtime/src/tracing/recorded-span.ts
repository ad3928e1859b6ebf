import { type Span as OpenTelemetrySpan, SpanStatusCode } from "@opentelemetry/api";
import type { AttributeValue, Span, TraceLink } from "./tracing.ts";

/** A span that is kept. */
export class RecordedSpan implements Span {
  readonly link: TraceLink;
  readonly #span: OpenTelemetrySpan;

  /** @param tracestate of the parent: nothing is added to it here. */
  constructor(span: OpenTelemetrySpan, tracestate: string | undefined) {
    const { traceId, spanId } = span.spanContext();
    this.#span = span;
    this.link = { traceparent: `00-${traceId}-${spanId}-01`, tracestate };
  }

  set(name: string, value: AttributeValue): void {
    this.#span.setAttribute(name, value);
  }

  end(error?: string): void {
    if (error !== undefined) {
      this.#span.setAttribute("error.type", error);
      this.#span.setStatus({ code: SpanStatusCode.ERROR });
    }
    this.#span.end();
  }
}
