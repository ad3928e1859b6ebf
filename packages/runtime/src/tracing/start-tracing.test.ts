import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { startCollector, waitUntil } from "@tidegate/testkit";
import { describe, expect, it } from "vitest";
import { createLogger } from "../logger/create-logger.ts";
import { defineSettings } from "../settings/define-settings.ts";
import { loadSettings } from "../settings/load-settings.ts";
import { startTracing } from "./start-tracing.ts";
import type { SpanStart, TraceLink, Tracing } from "./tracing.ts";
import { tracingSettings } from "./tracing-settings.ts";

const TABLE = defineSettings({ settings: tracingSettings });
const TRACE = "0af7651916cd43dd8448eb211c80319c";
const PARENT = "b7ad6b7169203331";
const SAMPLED: TraceLink = { traceparent: `00-${TRACE}-${PARENT}-01`, tracestate: "vendor=1" };
const UNSAMPLED: TraceLink = { traceparent: `00-${TRACE}-${PARENT}-00`, tracestate: undefined };
const START: SpanStart = {
  name: "publish chat.>",
  kind: "producer",
  parent: undefined,
  trusted: true,
  attributes: { "messaging.system": "nats", "messaging.message.body.size": 12 },
};

interface Started extends AsyncDisposable {
  readonly tracing: Tracing | undefined;
  readonly lines: readonly string[];
}

async function start(environment: Readonly<Record<string, string>>): Promise<Started> {
  const loaded = loadSettings(TABLE, { environment, fileText: "" });
  if (!loaded.ok) throw new TypeError(JSON.stringify(loaded.problems));
  const lines: string[] = [];
  const logger = createLogger({
    name: "test",
    level: "info",
    destination: { write: (line) => void lines.push(line) },
  });
  const tracing = await startTracing(
    loaded.settings.tracing,
    { service: "tidegate-test", instance: "n1" },
    logger,
  );
  return { tracing, lines, [Symbol.asyncDispose]: async () => tracing?.close() };
}

async function enabled(url: string, sampleRatio: number, more: Readonly<Record<string, string>> = {}) {
  const { tracing, lines } = await start({
    TIDEGATE_TRACING_ENABLED: "true",
    TIDEGATE_TRACING_SAMPLE_RATIO: String(sampleRatio),
    OTEL_EXPORTER_OTLP_ENDPOINT: url,
    ...more,
  });
  if (tracing === undefined) throw new TypeError("tracing is off");
  return { tracing, lines };
}

describe("tracing", () => {
  it("is off unless it is asked for, whatever the variables of OpenTelemetry say", async () => {
    await using started = await start({
      OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:1",
      OTEL_SERVICE_NAME: "x",
    });
    expect(started.tracing).toBeUndefined();
    expect(started.lines).toStrictEqual([]);
  });

  it("sends spans with what they are, under the names that the settings give", async () => {
    await using collector = await startCollector();
    const { tracing } = await enabled(`${collector.url}/`, 1, {
      OTEL_EXPORTER_OTLP_HEADERS: "x-key=a%20b%3D, x-tenant=t1",
    });
    const good = tracing.begin({ ...START, parent: SAMPLED });
    good.set("http.response.status_code", 200);
    good.end();
    const bad = tracing.begin({ ...START, kind: "client" });
    bad.end("timeout");
    await tracing.close();
    const [first, second] = collector.spans;
    expect(first).toMatchObject({
      service: "tidegate-test",
      name: "publish chat.>",
      kind: "producer",
      traceId: TRACE,
      parentSpanId: PARENT,
      attributes: {
        "messaging.system": "nats",
        "messaging.message.body.size": 12,
        "http.response.status_code": 200,
      },
      failed: false,
    });
    expect(good.link).toStrictEqual({
      traceparent: `00-${TRACE}-${first?.spanId}-01`,
      tracestate: "vendor=1",
    });
    expect(second).toMatchObject({ kind: "client", failed: true, attributes: { "error.type": "timeout" } });
    expect(second?.parentSpanId).toBeUndefined();
    expect(bad.link?.traceparent).toBe(`00-${second?.traceId}-${second?.spanId}-01`);
    expect(collector.header("x-key")).toBe("a b=");
    expect(collector.header("x-tenant")).toBe("t1");
  });

  it("keeps a stranger's trace as often as its own, and one from within always", async () => {
    await using collector = await startCollector();
    const { tracing } = await enabled(collector.url, 0, { OTEL_SERVICE_NAME: "renamed" });
    const root = tracing.begin({ ...START, name: "root" });
    const stranger = tracing.begin({ ...START, name: "stranger", parent: SAMPLED, trusted: false });
    const trusted = tracing.begin({ ...START, name: "trusted", parent: SAMPLED });
    for (const span of [root, stranger, trusted]) span.end();
    await tracing.close();
    expect(collector.spans.map(({ name }) => name)).toStrictEqual(["trusted"]);
    expect(collector.spans[0]?.service).toBe("renamed");
    expect(root.link).toBeUndefined();
    // The trace goes on, but nobody behind has to keep what a stranger asked for.
    expect(stranger.link).toStrictEqual({ ...UNSAMPLED, tracestate: SAMPLED.tracestate });
  });

  it("keeps nothing of a trace that its parent does not keep, and passes it on as it came", async () => {
    await using collector = await startCollector();
    const { tracing } = await enabled(collector.url, 1);
    for (const trusted of [true, false]) {
      const span = tracing.begin({ ...START, parent: UNSAMPLED, trusted });
      span.set("a", 1);
      span.end("timeout");
      expect(span.link).toBe(UNSAMPLED);
    }
    await tracing.close();
    expect(collector.spans).toStrictEqual([]);
  });

  it("tells once that the collector refuses spans, without what it was sent, and ends all the same", async () => {
    let requests = 0;
    const refusing = createServer((request, response) => {
      requests += 1;
      request.resume();
      response.writeHead(400).end("no");
    });
    await new Promise<void>((resolve) => refusing.listen(0, "127.0.0.1", resolve));
    const { port } = refusing.address() as AddressInfo;
    const { tracing, lines } = await enabled(`http://127.0.0.1:${port}`, 1, {
      OTEL_EXPORTER_OTLP_HEADERS: "x-key=hunter2",
    });
    // More than a batch, so that there are two.
    for (let count = 0; count < 600; count += 1) tracing.begin(START).end();
    await tracing.close();
    await waitUntil(() => requests > 0);
    const warnings = lines.filter((line) => line.includes("takes no spans"));
    expect(warnings).toHaveLength(1);
    expect(lines.join("")).not.toContain("hunter2");
    refusing.closeAllConnections();
    refusing.close();
  });

  it("does not wait for long for a collector that is away, and may be closed twice", async () => {
    const { tracing } = await enabled("http://127.0.0.1:1", 1);
    tracing.begin(START).end();
    await tracing.close();
    await tracing.close();
    expect(() => tracing.begin(START).end()).not.toThrow();
  });
});

describe("tracing.headers", () => {
  it.each(["a", "=b", "a b=c", "a=%", "a=%0d%0aevil", "a=%ff", "a=é", "a=b,,c=d"])("refuses %j", (text) => {
    const loaded = loadSettings(TABLE, { environment: { OTEL_EXPORTER_OTLP_HEADERS: text }, fileText: "" });
    expect(loaded.ok).toBe(false);
    expect(JSON.stringify(loaded)).not.toContain("evil");
  });
});
