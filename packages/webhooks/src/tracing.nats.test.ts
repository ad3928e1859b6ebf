import { createLogger, startTracing } from "@tidegate/runtime";
import { plainNatsHeaders, startCollector, startNats, waitUntil } from "@tidegate/testkit";
import { afterAll, expect, it } from "vitest";
import { startSink } from "../testing/sink.ts";
import { makeEndpoint, startBackend, startEngine } from "../testing/webhook-world.ts";
import { openHooks } from "./inbound/hooks.fixture.ts";
import { NOW_MS } from "./inbound/schemes/request.fixture.ts";
import { genuineRequest, SECRET, senderOf } from "./inbound/schemes/signed-requests.fixture.ts";

const server = await startNats({ own: true });
afterAll(() => server.stop());

const TRACE = "0af7651916cd43dd8448eb211c80319c";
const PARENT = "b7ad6b7169203331";
const TRACEPARENT = `00-${TRACE}-${PARENT}-01`;
const TRACESTATE = "vendor=1";

let worlds = 0;
function newPrefix(): string {
  worlds += 1;
  return `tr${worlds}`;
}

async function tracingTo(endpoint: string) {
  const logger = createLogger({ name: "test", level: "silent" });
  const settings = { enabled: true, endpoint, headers: undefined, serviceName: undefined, sampleRatio: 1 };
  const tracing = await startTracing(settings, { service: "tidegate-webhooks", instance: "w1" }, logger);
  if (tracing === undefined) throw new TypeError("tracing is off");
  return tracing;
}

/** Publishes as a backend does whose messages belong to a trace, and whose library writes headers its own way. */
async function publishTraced(
  backend: Awaited<ReturnType<typeof startBackend>>,
  subject: string,
  names = ["traceparent", "tracestate"],
): Promise<void> {
  const [parent = "", state = ""] = names;
  const headers = plainNatsHeaders({ [parent]: TRACEPARENT, [state]: TRACESTATE });
  await backend.nats.request(subject, "1", { headers, timeout: 5_000 });
}

it("passes the trace of a message on to its endpoints where tracing is off, and nothing where there is none", async () => {
  const prefix = newPrefix();
  await using sink = await startSink();
  await using backend = await startBackend(server.url, prefix);
  await using tide = await startEngine(server.url, { prefix });
  await tide.engine.store.create(makeEndpoint(sink.url));
  await waitUntil(() => tide.engine.directory.size === 1);
  await publishTraced(backend, `${prefix}.shop.a`);
  await sink.arrived(1);
  await publishTraced(backend, `${prefix}.shop.a`, ["Traceparent", "Tracestate"]);
  await sink.arrived(2);
  await backend.publish("shop.a", "2");
  await sink.arrived(3);
  expect(sink.received.map(({ headers }) => headers["traceparent"])).toStrictEqual([
    TRACEPARENT,
    TRACEPARENT,
    undefined,
  ]);
  // It is between the systems of one operator.
  expect(sink.received.map(({ headers }) => headers["tracestate"])).toStrictEqual([
    undefined,
    undefined,
    undefined,
  ]);
});

it("makes a span for each attempt, of which the endpoint gets to know", async () => {
  const prefix = newPrefix();
  await using collector = await startCollector();
  const tracing = await tracingTo(collector.url);
  let attempts = 0;
  await using sink = await startSink(() => {
    attempts += 1;
    return { status: attempts === 1 ? 503 : 204 };
  });
  await using backend = await startBackend(server.url, prefix);
  const endpoint = makeEndpoint(`${sink.url}/secret-path`);
  {
    await using tide = await startEngine(server.url, { prefix, tracing });
    await tide.engine.store.create(endpoint);
    await waitUntil(() => tide.engine.directory.size === 1);
    await publishTraced(backend, `${prefix}.shop.bob`);
    await sink.arrived(2);
  }
  await tracing.close();
  const { spans } = collector;
  expect(
    spans.map(({ failed, attributes }) => [failed, attributes["http.response.status_code"]]),
  ).toStrictEqual([
    [true, 503],
    [false, 204],
  ]);
  for (const [index, span] of spans.entries()) {
    expect(span).toMatchObject({
      service: "tidegate-webhooks",
      name: "POST webhook",
      kind: "client",
      traceId: TRACE,
      parentSpanId: PARENT,
      attributes: {
        "http.request.resend_count": index,
        "tidegate.webhook.endpoint": endpoint.id,
        "server.address": "127.0.0.1",
      },
    });
    expect(sink.received[index]?.headers["traceparent"]).toBe(`00-${TRACE}-${span.spanId}-01`);
  }
  expect(collector.bodies.join("")).not.toMatch(/secret-path|bob/);
});

it("takes the trace of a genuine delivery, and begins one where there is none", async () => {
  const prefix = newPrefix();
  await using collector = await startCollector();
  const tracing = await tracingTo(collector.url);
  const subject = `${prefix}.hooks`;
  const sources = { ci: { scheme: "github", secrets: [SECRET], channel: "live.ci" } };
  const now = () => NOW_MS;
  const hooks = await openHooks(server, { hooks: { subject, sources }, now, tracing });
  const seen: string[] = [];
  for (const watched of [`${subject}.>`, "rt.live.ci"]) {
    hooks.nats.subscribe(watched, {
      callback: (_error, message) => void seen.push(message.headers?.get("traceparent") ?? ""),
    });
  }
  await hooks.nats.flush();
  const genuine = genuineRequest(senderOf("github"));
  await hooks.send("ci", { ...genuine, headers: { ...genuine.headers, traceparent: TRACEPARENT } });
  await waitUntil(() => seen.length === 2);
  await hooks.send("ci", { ...genuine, headers: { ...genuine.headers, "x-hub-signature-256": "sha256=0" } });
  await tracing.close();
  // One for what is genuine, none for what is not.
  expect(collector.spans).toHaveLength(1);
  const [span] = collector.spans;
  expect(span).toMatchObject({
    name: "POST /hooks/{source}",
    kind: "server",
    traceId: TRACE,
    parentSpanId: PARENT,
    attributes: { "tidegate.hook.source": "ci", "http.response.status_code": 200 },
    failed: false,
  });
  const expected = `00-${TRACE}-${span?.spanId}-01`;
  expect(seen).toStrictEqual([expected, expected]);
});

it("passes on the trace of a delivery where tracing is off", async () => {
  const subject = `${newPrefix()}.hooks`;
  const sources = { ci: { scheme: "github", secrets: [SECRET] } };
  const hooks = await openHooks(server, { hooks: { subject, sources }, now: () => NOW_MS });
  const seen: string[] = [];
  hooks.nats.subscribe(`${subject}.>`, {
    callback: (_error, message) =>
      void seen.push(`${message.headers?.get("traceparent")} ${message.headers?.get("tracestate")}`),
  });
  await hooks.nats.flush();
  const genuine = genuineRequest(senderOf("github"));
  const headers = { ...genuine.headers, traceparent: TRACEPARENT, tracestate: TRACESTATE };
  await hooks.send("ci", { ...genuine, headers });
  await waitUntil(() => seen.length === 1);
  expect(seen).toStrictEqual([`${TRACEPARENT} ${TRACESTATE}`]);
});
