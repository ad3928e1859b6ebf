import { once } from "node:events";
import { type IncomingHttpHeaders, request } from "node:http";
import { connect, createServer, type Socket } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { createMetrics } from "../metrics/create-metrics.ts";
import { gauge } from "../metrics/metric-declaration.ts";
import { RuntimeError } from "../runtime-error.ts";
import {
  type OperationsServer,
  type OperationsServerOptions,
  startOperationsServer,
} from "./operations-server.ts";
import { Readiness } from "./readiness.ts";

const host = "127.0.0.1";
const { exposition } = createMetrics({ level: gauge("t_level", "A level.") });
const opened: OperationsServer[] = [];

async function start(options: Partial<OperationsServerOptions> = {}): Promise<OperationsServer> {
  const readiness = new Readiness(["broker"]);
  const server = await startOperationsServer({ host, port: 0, metrics: exposition, readiness, ...options });
  opened.push(server);
  return server;
}

afterEach(async () => {
  await Promise.all(opened.splice(0).map((server) => server.close()));
});

interface Answer {
  readonly status: number | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

async function ask(port: number, path: string, method = "GET"): Promise<Answer> {
  const outgoing = request({ host, port, path, method, agent: false }).end();
  const [response] = await once(outgoing, "response");
  let body = "";
  for await (const chunk of response) body += String(chunk);
  return { status: response.statusCode, headers: response.headers, body };
}

async function talk(port: number, text: string): Promise<{ socket: Socket; answer: () => Promise<string> }> {
  const socket = connect({ host, port });
  await once(socket, "connect");
  const chunks: Buffer[] = [];
  socket.on("data", (chunk) => chunks.push(chunk));
  const closed = once(socket, "close");
  socket.write(text);
  return { socket, answer: () => closed.then(() => Buffer.concat(chunks).toString()) };
}

describe("the operations server", () => {
  test("answers that it is alive before it is ready and while it drains", async () => {
    const readiness = new Readiness(["broker"]);
    const { port } = await start({ readiness });
    expect(await ask(port, "/healthz")).toMatchObject({ status: 200, body: "ok\n" });
    readiness.drain();
    expect(await ask(port, "/healthz?verbose=1")).toMatchObject({ status: 200 });
  });

  test("answers whether it is ready, and why not", async () => {
    const readiness = new Readiness(["broker", "listener"]);
    const { port } = await start({ readiness });
    readiness.condition("listener").pass();
    readiness.condition("broker").fail("disconnected");
    const notReady = await ask(port, "/readyz");
    expect(notReady.status).toBe(503);
    expect(notReady.headers["content-type"]).toBe("application/json");
    expect(JSON.parse(notReady.body)).toEqual({
      status: "not_ready",
      failing: [{ condition: "broker", reason: "disconnected" }],
    });
    readiness.condition("broker").pass();
    const ready = await ask(port, "/readyz");
    expect([ready.status, JSON.parse(ready.body)]).toEqual([200, { status: "ready" }]);
    readiness.drain();
    const draining = await ask(port, "/readyz");
    expect([draining.status, JSON.parse(draining.body)]).toEqual([503, { status: "draining" }]);
  });

  test("serves the metrics", async () => {
    const { port } = await start();
    const { status, headers, body } = await ask(port, "/metrics");
    expect(status).toBe(200);
    expect(headers["content-type"]).toBe(exposition.contentType);
    expect(body).toContain("t_level 0");
  });

  test("answers 500 when the metrics cannot be collected, and goes on", async () => {
    const metrics = { contentType: "text/plain", text: () => Promise.reject(new Error("hunter2")) };
    const { port } = await start({ metrics });
    const { status, body } = await ask(port, "/metrics");
    expect([status, body]).toEqual([500, "metrics could not be collected\n"]);
    expect((await ask(port, "/healthz")).status).toBe(200);
  });

  test.each(["/", "/health", "/metrics/", "//healthz", "/healthz/../metrics"])(
    "knows no %s",
    async (path) => {
      const { port } = await start();
      expect((await ask(port, path)).status).toBe(404);
    },
  );

  test.each(["/healthz", "/readyz", "/metrics"])("answers HEAD %s with the head alone", async (path) => {
    const { port } = await start();
    const [get, head] = [await ask(port, path), await ask(port, path, "HEAD")];
    expect([head.status, head.body]).toEqual([get.status, ""]);
    expect(head.headers["content-length"]).toBe(get.headers["content-length"]);
  });

  test.each(["POST", "PUT", "DELETE", "OPTIONS"])("refuses %s and closes the connection", async (method) => {
    const { port } = await start();
    const { status, headers } = await ask(port, "/metrics", method);
    expect([status, headers.allow, headers.connection]).toEqual([405, "GET, HEAD", "close"]);
  });

  test("refuses a head that is too large", async () => {
    const { port } = await start();
    const { answer } = await talk(port, `GET /healthz HTTP/1.1\r\nHost: x\r\nX: ${"a".repeat(9000)}\r\n\r\n`);
    expect(await answer()).toMatch(/^HTTP\/1\.1 431 /);
  });

  test("survives what is not HTTP", async () => {
    const { port } = await start();
    const { answer } = await talk(port, "\u0000\u0001\r\n\r\n");
    expect(await answer()).toMatch(/^HTTP\/1\.1 400 /);
    expect((await ask(port, "/healthz")).status).toBe(200);
  });
});

describe("startOperationsServer", () => {
  test("says what keeps it from its address", async () => {
    const occupied = createServer().listen({ host, port: 0 });
    await once(occupied, "listening");
    try {
      const address = occupied.address();
      if (address === null || typeof address === "string") expect.unreachable();
      const error: unknown = await start({ port: address.port }).catch((caught: unknown) => caught);
      expect(error).toBeInstanceOf(RuntimeError);
      expect(error).toMatchObject({
        code: "listen_failed",
        message: expect.stringMatching(
          /^listen_failed: operations server on 127\.0\.0\.1 port \d+: .*EADDRINUSE/,
        ),
        cause: { code: "EADDRINUSE" },
      });
    } finally {
      occupied.close();
    }
  });

  test("does not start for a signal that is aborted", async () => {
    await expect(start({ signal: AbortSignal.abort(new Error("too late")) })).rejects.toThrow("too late");
  });

  test("closes when its signal is aborted", async () => {
    const controller = new AbortController();
    const server = await start({ signal: controller.signal });
    controller.abort();
    await server.close();
    await expect(ask(server.port, "/healthz")).rejects.toMatchObject({ code: "ECONNREFUSED" });
  });

  test("does not start for a signal that is aborted meanwhile", async () => {
    const controller = new AbortController();
    const starting = start({ signal: controller.signal });
    controller.abort(new Error("changed my mind"));
    await expect(starting).rejects.toThrow("changed my mind");
  });
});

describe("close", () => {
  test("ends idle connections and may be called again", async () => {
    const server = await start();
    const { socket, answer } = await talk(server.port, "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
    await once(socket, "data");
    await Promise.all([server.close(), server.close()]);
    await server.close();
    expect(await answer()).toMatch(/^HTTP\/1\.1 200 /);
  });

  test("waits for an answer in progress", async () => {
    const scrape = Promise.withResolvers<string>();
    const asked = Promise.withResolvers<void>();
    const text = () => {
      asked.resolve();
      return scrape.promise;
    };
    const server = await start({ metrics: { contentType: "text/plain", text } });
    const answer = ask(server.port, "/metrics");
    await asked.promise;
    const closed = server.close();
    scrape.resolve("late 1\n");
    expect((await answer).body).toBe("late 1\n");
    await closed;
  });

  test("does not wait for an answer that never comes", async () => {
    const asked = Promise.withResolvers<void>();
    const text = () => {
      asked.resolve();
      return new Promise<string>(() => {});
    };
    const server = await start({ metrics: { contentType: "text/plain", text } });
    const answer = ask(server.port, "/metrics").catch((error: unknown) => error);
    await asked.promise;
    await server.close();
    expect(await answer).toMatchObject({ code: "ECONNRESET" });
  });
});
