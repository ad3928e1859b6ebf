import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

/** A span as a collector of OpenTelemetry got it. */
export interface CollectedSpan {
  /** Of its resource. */
  readonly service: string;
  readonly name: string;
  readonly kind: "internal" | "server" | "client" | "producer" | "consumer" | "unknown";
  readonly traceId: string;
  readonly spanId: string;
  /** undefined for the first of a trace. */
  readonly parentSpanId: string | undefined;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly failed: boolean;
}

/** Takes spans as OTLP over HTTP with JSON, and holds them for the test. */
export interface Collector extends AsyncDisposable {
  /** Without `/v1/traces`. */
  readonly url: string;
  readonly spans: readonly CollectedSpan[];
  /** Whole bodies, as they came: for what must not be in them. */
  readonly bodies: readonly string[];
  /** A header of the last request. */
  header(name: string): string | undefined;
}

interface OtlpAttribute {
  readonly key: string;
  readonly value: Readonly<Record<string, unknown>>;
}

interface OtlpSpan {
  readonly name: string;
  readonly kind: number;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly attributes: readonly OtlpAttribute[];
  readonly status?: { readonly code?: number };
}

interface OtlpBody {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly OtlpAttribute[] };
    readonly scopeSpans: readonly { readonly spans: readonly OtlpSpan[] }[];
  }[];
}

/** By the numbers of the OTLP. */
const KINDS = ["unknown", "internal", "server", "client", "producer", "consumer"] as const;
const ERROR_STATUS = 2;

export async function startCollector(): Promise<Collector> {
  const spans: CollectedSpan[] = [];
  const bodies: string[] = [];
  let headers: Readonly<Record<string, string | string[] | undefined>> = {};
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const isTraces = request.method === "POST" && request.url === "/v1/traces";
      if (isTraces) {
        const body = Buffer.concat(chunks).toString();
        headers = request.headers;
        bodies.push(body);
        spans.push(...spansOf(JSON.parse(body) as OtlpBody));
      }
      response.writeHead(isTraces ? 200 : 404, { "content-type": "application/json" });
      response.end("{}");
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spans,
    bodies,
    header: (name) => {
      const value = headers[name];
      return typeof value === "string" ? value : undefined;
    },
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function spansOf({ resourceSpans }: OtlpBody): CollectedSpan[] {
  return resourceSpans.flatMap(({ resource, scopeSpans }) => {
    const service = String(valuesOf(resource.attributes)["service.name"]);
    return scopeSpans.flatMap((scope) => scope.spans.map((span) => collectedSpan(service, span)));
  });
}

function collectedSpan(service: string, span: OtlpSpan): CollectedSpan {
  const { name, kind, traceId, spanId, parentSpanId, attributes, status } = span;
  return {
    service,
    name,
    kind: KINDS[kind] ?? "unknown",
    traceId,
    spanId,
    parentSpanId: parentSpanId || undefined,
    attributes: valuesOf(attributes),
    failed: status?.code === ERROR_STATUS,
  };
}

function valuesOf(attributes: readonly OtlpAttribute[]): Record<string, unknown> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]));
}
