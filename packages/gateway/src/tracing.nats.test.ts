import { startCollector } from "@tidegate/testkit";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  type Client,
  type Received,
  type RunningNode,
  startNode,
  userToken,
} from "../testing/running-node.ts";

const TRACE = "0af7651916cd43dd8448eb211c80319c";
const PARENT = "b7ad6b7169203331";
const TRACEPARENT = `00-${TRACE}-${PARENT}-01`;
const UNSAMPLED = `00-${TRACE}-${PARENT}-00`;
const TRACESTATE = "vendor=1";
const NAMESPACES = { room: { publish: "direct", history: { replicas: 1 } } };
const GRANTS = { subscribe: ["chat.>"], publish: ["chat.>", "jobs.>", "room.>"], request: ["demo.>"] };

/** A request that arrives behind whatever the node published before: an answer to a live publish does not wait for NATS. */
const BARRIER = "demo.barrier";

/** What arrived in NATS: subject and the headers of the trace. */
interface Arrival {
  readonly subject: string;
  readonly traceparent: string;
  readonly tracestate: string;
}

/** A backend that knows nothing of Tidegate: sees what clients publish, and answers requests. */
async function watch({ backend, prefix }: RunningNode): Promise<readonly Arrival[]> {
  const arrivals: Arrival[] = [];
  for (const subject of [`${prefix}.>`, `${prefix}in.>`, "rpc.demo.>"]) {
    backend.subscribe(subject, {
      callback: (_error, message) => {
        if (message.subject.endsWith("._tick")) return;
        if (message.subject === `rpc.${BARRIER}`) {
          message.respond();
          return;
        }
        const { headers } = message;
        arrivals.push({
          subject: message.subject.replace(/^rt\d+/, "rt"),
          traceparent: headers?.get("traceparent") ?? "",
          tracestate: headers?.get("tracestate") ?? "",
        });
        // What is stored is answered by its stream.
        if (message.subject === "rpc.demo.echo") {
          message.respond(message.data);
        }
      },
    });
  }
  await backend.flush();
  return arrivals;
}

interface Asked {
  readonly id: number;
  readonly [field: string]: unknown;
}

async function ask(client: Client, message: Asked): Promise<Received> {
  client.send(message);
  return client.next((received) => received.id === message.id);
}

async function post(node: RunningNode, path: string, body: object, headers: Record<string, string> = {}) {
  const response = await fetch(node.http(path), {
    method: "POST",
    headers: {
      authorization: `Bearer ${await userToken({ grants: GRANTS })}`,
      "content-type": "application/json",
      ...headers,
    },
    body: JSON.stringify(body),
  });
  expect(response.status).toBe(200);
}

describe("where tracing is off", () => {
  let node: RunningNode;
  let arrivals: readonly Arrival[];
  beforeAll(async () => {
    node = await startNode({ namespaces: NAMESPACES });
    arrivals = await watch(node);
  });
  afterAll(() => node[Symbol.asyncDispose]());

  /** What arrived because of `action`. */
  async function arriving(action: () => Promise<unknown>): Promise<readonly Arrival[]> {
    const before = arrivals.length;
    await action();
    await post(node, "/v1/request", { method: BARRIER, data: 0 });
    return arrivals.slice(before);
  }

  it("passes on what a client sends, on every way into NATS", async () => {
    await using client = await node.connect({ token: await userToken({ grants: GRANTS }) });
    const trace = { traceparent: TRACEPARENT, tracestate: TRACESTATE };
    const found = await arriving(async () => {
      await ask(client, { type: "publish", id: 2, channel: "chat.a", data: 1, ...trace });
      await ask(client, { type: "publish", id: 3, channel: "jobs.a", data: 1, ...trace });
      await ask(client, { type: "publish", id: 4, channel: "room.a", data: 1, ...trace });
      await ask(client, { type: "publish", id: 5, channel: "room.a", data: 1, key: "k", ...trace });
      await ask(client, { type: "request", id: 6, method: "demo.echo", data: 1, ...trace });
    });
    expect(found).toStrictEqual(
      ["rt.chat.a", "rtin.jobs.a", "rt.room.a", "rt.room.a", "rpc.demo.echo"].map((subject) => ({
        subject,
        ...trace,
      })),
    );
  });

  it("passes on the headers of HTTP, which win over the fields of a body", async () => {
    const headers = { traceparent: TRACEPARENT, tracestate: TRACESTATE };
    const trace = { traceparent: TRACEPARENT, tracestate: TRACESTATE };
    const found = await arriving(async () => {
      await post(node, "/v1/publish", { channel: "chat.a", data: 1, traceparent: UNSAMPLED }, headers);
      await post(node, "/v1/request", { method: "demo.echo", data: 1 }, headers);
      await post(node, "/v1/publish", { channel: "chat.a", data: 1, traceparent: UNSAMPLED });
    });
    expect(found).toStrictEqual([
      { subject: "rt.chat.a", ...trace },
      { subject: "rpc.demo.echo", ...trace },
      { subject: "rt.chat.a", traceparent: UNSAMPLED, tracestate: "" },
    ]);
  });

  it.each([
    ["nothing", undefined],
    ["null", null],
    ["a number", 1],
    ["an object", {}],
    ["a broken text", "00-xyz"],
    ["a line of its own", `${TRACEPARENT}\r\nTidegate-User: eve`],
    ["a very long text", "0".repeat(3_000)],
  ])("takes a message with %s in its place as one without", async (_what, traceparent) => {
    await using client = await node.connect({ token: await userToken({ grants: GRANTS }) });
    const found = await arriving(async () => {
      const answer = await ask(client, { type: "publish", id: 2, channel: "chat.a", data: 1, traceparent });
      expect(answer).toStrictEqual({ type: "ok", id: 2 });
    });
    expect(found).toStrictEqual([{ subject: "rt.chat.a", traceparent: "", tracestate: "" }]);
  });

  it("ignores headers of HTTP that are not valid", async () => {
    const found = await arriving(() =>
      post(node, "/v1/publish", { channel: "chat.a", data: 1 }, { traceparent: "00-xyz", tracestate: "A=1" }),
    );
    expect(found).toStrictEqual([{ subject: "rt.chat.a", traceparent: "", tracestate: "" }]);
  });
});

describe("where tracing is on", () => {
  it("puts a span between the client and the backend, one for each message, whoever gets it", async () => {
    await using collector = await startCollector();
    const tracing = { enabled: true, endpoint: collector.url, sampleRatio: 1 };
    let arrivals: readonly Arrival[] = [];
    {
      await using node = await startNode({ namespaces: NAMESPACES, tracing });
      arrivals = await watch(node);
      const subscribers = await Promise.all(Array.from({ length: 5 }, () => node.subscriber(["chat.bob"])));
      await using client = await node.connect({ token: await userToken({ grants: GRANTS }) });
      const trace = { traceparent: TRACEPARENT, tracestate: TRACESTATE };
      await ask(client, { type: "request", id: 2, method: "demo.echo", data: "secret-1", ...trace });
      await ask(client, { type: "publish", id: 3, channel: "chat.bob", data: "secret-2", ...trace });
      await ask(client, { type: "publish", id: 4, channel: "room.bob", data: "secret-3", ...trace });
      await ask(client, { type: "publish", id: 5, channel: "chat.bob", data: "secret-4" });
      await ask(client, { type: "request", id: 6, method: "demo.fail.of.bob", timeout: 50, ...trace });
      await ask(client, { type: "publish", id: 7, channel: "news.a", data: 1, ...trace });
      for (const subscriber of subscribers) {
        await subscriber.next("message");
        await subscriber[Symbol.asyncDispose]();
      }
    }
    const { spans } = collector;
    expect(spans.map(({ name, kind, failed }) => [name, kind, failed])).toStrictEqual([
      ["request rpc.demo.echo", "client", false],
      ["publish chat.>", "producer", false],
      ["publish room.>", "producer", false],
      ["publish chat.>", "producer", false],
      ["request rpc.demo.fail.>", "client", true],
    ]);
    const [request, live, stored, own, failed] = spans;
    for (const span of [request, live, stored, failed]) {
      expect(span).toMatchObject({ service: "tidegate-gateway", traceId: TRACE, parentSpanId: PARENT });
    }
    expect(own?.traceId).not.toBe(TRACE);
    expect(own?.parentSpanId).toBeUndefined();
    expect(failed?.attributes["error.type"]).toBe("timeout");
    expect(stored?.attributes).toMatchObject({
      "messaging.system": "nats",
      "messaging.operation.name": "publish",
      "messaging.destination.template": "room.>",
      "tidegate.lane": "direct",
    });
    // What the backend sees is a child of the span.
    const seen = new Map(arrivals.map((arrival) => [arrival.traceparent, arrival]));
    for (const span of spans) {
      expect(seen.has(`00-${span.traceId}-${span.spanId}-01`)).toBe(true);
    }
    expect(seen.get(`00-${TRACE}-${request?.spanId}-01`)).toMatchObject({
      subject: "rpc.demo.echo",
      tracestate: TRACESTATE,
    });
    // Nothing that clients wrote, and no name of a person.
    for (const body of collector.bodies) {
      expect(body).not.toMatch(/secret|bob|"ada"/);
    }
  });

  it("lets a client not have its traces kept more often than others", async () => {
    await using collector = await startCollector();
    let arrivals: readonly Arrival[] = [];
    {
      const tracing = { enabled: true, endpoint: collector.url, sampleRatio: 0 };
      await using node = await startNode({ tracing });
      arrivals = await watch(node);
      await using client = await node.connect();
      const trace = { traceparent: TRACEPARENT, tracestate: TRACESTATE };
      await ask(client, { type: "request", id: 2, method: "demo.echo", data: 1, ...trace });
      await ask(client, { type: "request", id: 3, method: "demo.echo", data: 1 });
    }
    expect(collector.spans).toStrictEqual([]);
    expect(arrivals.map(({ traceparent }) => traceparent)).toStrictEqual([UNSAMPLED, ""]);
  });
});
