import { createMetrics } from "@tidegate/runtime";
import { beforeEach, describe, expect, it } from "vitest";
import { FakeExchange } from "../../testing/fake-exchange.ts";
import { type FakeNode, fakeNode, LIMITS, seriesValue } from "../../testing/fake-node.ts";
import { turns } from "../../testing/turns.ts";
import { GATEWAY_METRICS } from "../metrics.ts";
import { OriginPolicy } from "../origin-policy.ts";
import { Roster } from "../roster.ts";
import type { HttpContext } from "./http-context.ts";
import { HttpEdge } from "./http-edge.ts";
import { HttpInstruments } from "./http-instruments.ts";
import { RequestRates } from "./request-rates.ts";
import type { Route } from "./route.ts";

const ROUTES: readonly Route[] = [
  { path: "/ok", method: "GET", handle: (call) => call.answer('{"ok":true}') },
  {
    path: "/throws",
    method: "GET",
    handle: () => {
      throw new TypeError("a defect");
    },
  },
  {
    path: "/rejects",
    method: "POST",
    handle: async () => {
      throw new TypeError("a defect");
    },
  },
  {
    path: "/late/{part}",
    method: "GET",
    handle: async (call) => {
      call.answer(JSON.stringify({ rest: call.rest }));
      throw new TypeError("a defect behind the answer");
    },
  },
];

let node: FakeNode;
let http: HttpContext;
let edge: HttpEdge;
let metric: (series: string) => Promise<number>;
beforeEach(() => {
  node = fakeNode();
  const { metrics, exposition } = createMetrics(GATEWAY_METRICS);
  const options = { requestsPerSecond: 100, requestBurst: 100, reconnectMs: 1_000 };
  let serial = 0;
  http = {
    node: node.context,
    options,
    origins: new OriginPolicy(["https://app.example.com"]),
    cookieName: undefined,
    roster: new Roster(LIMITS, { windowMs: 50, reconnectMs: 50 }),
    rates: new RequestRates(options, node.context.wheel, node.context.uptime),
    instruments: new HttpInstruments(metrics),
    newId: () => {
      serial += 1;
      return `id-${serial}`;
    },
  };
  edge = new HttpEdge(http, ROUTES);
  metric = async (series) => seriesValue(await exposition.text(), series);
});

function ask(request: ConstructorParameters<typeof FakeExchange>[0]): FakeExchange {
  const exchange = new FakeExchange(request);
  edge.handle(exchange);
  return exchange;
}

describe("HttpEdge", () => {
  it("answers by the route", async () => {
    const { answer } = ask({ path: "/ok" });
    expect(answer).toMatchObject({ status: 200, body: '{"ok":true}', close: false });
    expect(answer.headers).toStrictEqual({
      "content-type": "application/json",
      "x-request-id": "id-1",
      vary: "Authorization, Origin",
    });
    expect(await metric('tidegate_http_requests_total{route="/ok",status="200"}')).toBe(1);
  });

  it.each([
    { path: "/throws", method: "GET" },
    { path: "/rejects", method: "POST" },
  ])("answers for a handler that throws: $path", async (request) => {
    const exchange = ask(request);
    await turns();
    expect(exchange.answer).toMatchObject({ status: 500, json: { code: "internal_error", retryable: true } });
    expect(exchange.answer.body).not.toContain("defect");
    expect(node.logged).toMatchObject([{ level: "error", request: "id-1", msg: "a request failed" }]);
  });

  it("names what a path leaves open", () => {
    expect(ask({ path: "/late/a%2Db" }).answers[0]?.body).toBe('{"rest":"a-b"}');
    expect(ask({ path: "/late/" }).answer.status).toBe(404);
    expect(ask({ path: "/late/a/b" }).answer.status).toBe(404);
    expect(ask({ path: "/late/a%2Fb" }).answer.status).toBe(404);
  });

  it("judges the origin before the method", () => {
    const headers = { origin: "https://evil.example", host: "x" };
    expect(ask({ path: "/ok", headers }).answer.json).toMatchObject({ code: "origin_denied" });
    expect(ask({ path: "/ok", method: "OPTIONS", headers }).answer.status).toBe(403);
    expect(ask({ path: "/ok", method: "BREW", headers }).answer.status).toBe(403);
  });

  it("answers OPTIONS to whoever asks", () => {
    expect(ask({ path: "/rejects", method: "OPTIONS" }).answer).toMatchObject({
      status: 204,
      headers: { allow: "POST, OPTIONS" },
      body: undefined,
    });
  });

  it("ends the TCP connections of a node that leaves", () => {
    void http.roster.drain(new AbortController().signal);
    expect(ask({ path: "/ok" }).answer.close).toBe(true);
  });

  it("ends the TCP connection of a body that is not worth reading", () => {
    const small = { "content-length": "1000" };
    expect(ask({ path: "/x", method: "POST", headers: small }).answer.close).toBe(false);
    const large = { "content-length": "10000000" };
    expect(ask({ path: "/x", method: "POST", headers: large }).answer.close).toBe(true);
    const endless = { "transfer-encoding": "chunked" };
    expect(ask({ path: "/x", method: "POST", headers: endless }).answer.close).toBe(true);
  });

  it("answers nobody who is gone", () => {
    const exchange = new FakeExchange({ path: "/ok" });
    exchange.leave();
    edge.handle(exchange);
    expect(exchange.answers).toStrictEqual([]);
  });
});
