import { resolveBrokerOptions } from "@tidegate/broker";
import { createLogger, type RunningService } from "@tidegate/runtime";
import { connectPlainNats, type NatsConnection, type OwnNatsServer, startNats } from "@tidegate/testkit";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startDemoService } from "./demo-service.ts";
import { natsAccess } from "./nats-access.ts";

let nats: OwnNatsServer;
let plain: NatsConnection;
let service: RunningService;
let page = "";

beforeAll(async () => {
  nats = await startNats({ own: true });
  plain = await connectPlainNats(nats.url);
  const lines: string[] = [];
  const logger = createLogger({
    name: "demo",
    level: "info",
    destination: { write: (line: string) => lines.push(line) },
  });
  service = await startDemoService(
    {
      gateways: ["http://127.0.0.1:4080"],
      hooks: undefined,
      webhookApi: undefined,
      host: "127.0.0.1",
      port: 0,
    },
    resolveBrokerOptions({ ...natsAccess(nats.url), name: "demo" }),
    logger,
    new AbortController().signal,
  );
  page = /http:\/\/127\.0\.0\.1:\d+/.exec(lines.join(""))?.[0] ?? "";
});

afterAll(async () => {
  await service?.drain(new AbortController().signal);
  await plain?.close();
  await nats?.stop();
});

async function ask(method: string, payload: string): Promise<{ status: string | undefined; text: string }> {
  const reply = await plain.request(`rpc.${method}`, payload, { timeout: 5000 });
  return { status: reply.headers?.get("Nats-Service-Error-Code"), text: reply.string() };
}

describe("the demo backend", () => {
  test("echoes any bytes", async () => {
    const bytes = Uint8Array.of(0, 255, 10, 128);
    const reply = await plain.request("rpc.demo.echo", bytes, { timeout: 5000 });
    expect([...reply.data]).toEqual([...bytes]);
  });

  test("tells the time", async () => {
    const { time } = JSON.parse((await ask("demo.time", "")).text) as { time: string };
    expect(new Date(time).toISOString()).toBe(time);
  });

  test.each([
    ["{}", "400", /stripe, github/],
    ['{"sender":"github"}', "503", /where \/hooks is/],
  ])("tells callers of demo.callback what it cannot do: %s", async (payload, status, words) => {
    const reply = await plain.request("rpc.demo.callback", payload, { timeout: 5000 });
    expect(reply.headers?.get("Nats-Service-Error-Code")).toBe(status);
    expect(reply.headers?.get("Nats-Service-Error")).toMatch(words);
  });

  test("lets the bot answer", async () => {
    expect(JSON.parse((await ask("demo.bot", '{"text":"ping"}')).text)).toEqual({ text: "pong" });
  });

  test.each(["", "ping", "[]", '{"text":1}'])(
    "tells the bot's callers what it reads: %j",
    async (payload) => {
      expect((await ask("demo.bot", payload)).status).toBe("400");
    },
  );

  test("answers methods that it does not have", async () => {
    expect((await ask("demo.nothing.at.all", "")).status).toBe("404");
  });

  test("publishes the ticker", async () => {
    const ticks = plain.subscribe("rt.ticker.*");
    const seen = new Map<string, unknown>();
    for await (const message of ticks) {
      seen.set(message.subject, message.json());
      if (seen.size === 2) {
        break;
      }
    }
    expect(seen.get("rt.ticker.price")).toEqual({
      symbol: "TIDE",
      price: expect.any(Number),
      change: expect.any(Number),
    });
    expect(seen.get("rt.ticker.clock")).toEqual({ time: expect.stringMatching(/^\d{4}-.*Z$/) });
  });

  test("publishes a notification for whoever asks for one", async () => {
    const feed = plain.subscribe("rt.feed.demo", { max: 1 });
    await plain.flush();
    const posted: unknown = JSON.parse((await ask("demo.notify", "")).text);
    expect(posted).toEqual({ id: expect.any(String), number: expect.any(Number), text: expect.any(String) });
    for await (const message of feed) {
      expect(message.json()).toEqual(posted);
    }
  });

  test("puts what is said over HTTP into the lobby", async () => {
    const lobby = plain.subscribe("rt.chat.lobby", { max: 1 });
    await plain.flush();
    const response = await fetch(`${page}/say`, { method: "POST", body: '{"text":"hi","name":"curl"}' });
    expect(response.status).toBe(200);
    for await (const message of lobby) {
      expect(message.json()).toEqual({ text: "hi", name: "curl" });
    }
  });

  test("is not ready while NATS is away", async () => {
    expect((await fetch(`${page}/readyz`)).status).toBe(200);
    await nats.kill();
    await expect.poll(async () => (await fetch(`${page}/readyz`)).status).toBe(503);
    await nats.restart();
    await expect.poll(async () => (await fetch(`${page}/readyz`)).status).toBe(200);
  });
});
