import { setTimeout as delay } from "node:timers/promises";
import {
  createTraceState,
  ROOT_CONTEXT,
  type SpanContext,
  SpanKind,
  TraceFlags,
  type Tracer,
  trace,
} from "@opentelemetry/api";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { BatchSpanProcessor, TracerProvider } from "@opentelemetry/sdk-trace";
import { EdgeSampler, strangers } from "./edge-sampler.ts";
import { RecordedSpan } from "./recorded-span.ts";
import { ReportedExporter } from "./reported-exporter.ts";
import type { Span, SpanStart, TraceLink, Tracing } from "./tracing.ts";
import { unrecordedSpan } from "./unrecorded-span.ts";

interface OpenTelemetryOptions {
  /** Of the collector; `/v1/traces` is appended. */
  readonly endpoint: string;
  readonly headers: Readonly<Record<string, string>>;
  /** 0 to 1. */
  readonly sampleRatio: number;
  /** What the spans come from. */
  readonly resource: Readonly<Record<string, string>>;
  /** Told when the collector begins to refuse spans or to be away, and when it is back (undefined). */
  readonly onExport: (failure: string | undefined) => void;
}

const KINDS = { server: SpanKind.SERVER, client: SpanKind.CLIENT, producer: SpanKind.PRODUCER } as const;

/** Of spans that wait; beyond it they are dropped: traces are not worth the memory of a node whose collector is away. */
const MOST_WAITING = 2_048;
const BATCH = 512;
const BATCH_PAUSE_MS = 5_000;
const EXPORT_TIMEOUT_MS = 10_000;
/** A collector that is away must not hold up the end of a process. */
const CLOSE_MS = 1_000;

const STRANGE_ROOT = strangers(ROOT_CONTEXT);

/** Tracing by the SDK of OpenTelemetry. Touches none of its globals, so that several can live in one process. */
class OpenTelemetryTracing implements Tracing {
  readonly #provider: TracerProvider;
  readonly #tracer: Tracer;
  #closed: Promise<void> | undefined;

  constructor(provider: TracerProvider) {
    this.#provider = provider;
    this.#tracer = provider.getTracer("tidegate");
  }

  begin({ name, kind, parent, trusted, attributes }: SpanStart): Span {
    const root = trusted ? ROOT_CONTEXT : STRANGE_ROOT;
    const context = parent === undefined ? root : trace.setSpanContext(root, spanContextOf(parent));
    const span = this.#tracer.startSpan(name, { kind: KINDS[kind], attributes: { ...attributes } }, context);
    return span.isRecording() ? new RecordedSpan(span, parent?.tracestate) : unrecordedSpan(parent);
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    const done = new AbortController();
    const late = delay(CLOSE_MS, undefined, { signal: done.signal }).catch(() => {});
    await Promise.race([this.#provider.shutdown().catch(() => {}), late]);
    done.abort();
  }
}

function spanContextOf({ traceparent, tracestate }: TraceLink): SpanContext {
  return {
    traceId: traceparent.slice(3, 35),
    spanId: traceparent.slice(36, 52),
    traceFlags: Number.parseInt(traceparent.slice(-2), 16) & TraceFlags.SAMPLED,
    isRemote: true,
    ...(tracestate === undefined ? {} : { traceState: createTraceState(tracestate) }),
  };
}

/** Starts tracing. What the collector does not take is lost, and nobody waits for it. */
export function openTelemetry(options: OpenTelemetryOptions): Tracing {
  const { endpoint, headers, sampleRatio, resource, onExport } = options;
  const exporter = new OTLPTraceExporter({
    url: `${endpoint.replace(/\/+$/, "")}/v1/traces`,
    headers: { ...headers },
    timeoutMillis: EXPORT_TIMEOUT_MS,
  });
  const processor = new BatchSpanProcessor({
    exporter: new ReportedExporter(exporter, onExport),
    maxQueueSize: MOST_WAITING,
    maxExportBatchSize: BATCH,
    scheduledDelayMillis: BATCH_PAUSE_MS,
    exportTimeoutMillis: EXPORT_TIMEOUT_MS,
  });
  const provider = new TracerProvider({
    resource: resourceFromAttributes({ ...resource }),
    sampler: new EdgeSampler(sampleRatio),
    spanProcessors: [processor],
  });
  return new OpenTelemetryTracing(provider);
}
