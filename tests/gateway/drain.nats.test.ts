import { DEVELOPMENT_KEY } from "@tidegate/auth";
import { openClient, spawnNode, waitUntil } from "@tidegate/testkit";
import { describe, expect, it } from "vitest";
import { type Client, GATEWAY_MAIN, GatewayProcess } from "./gateway-process.ts";

const DRAIN = {
  TIDEGATE_DRAIN_WINDOW_MS: "500ms",
  TIDEGATE_DRAIN_RECONNECT_MS: "1s",
  TIDEGATE_DRAIN_DEADLINE_MS: "10s",
};

/** A backend that keeps a request until it is told to answer. Resolves when the request is there. */
function heldRequest(gateway: GatewayProcess): Promise<(reply: string) => void> {
  return new Promise((resolve) => {
    gateway.backend.subscribe("rpc.demo.hold", {
      callback: (_error, message) => resolve((reply) => message.respond(reply)),
    });
  });
}

async function ask(gateway: GatewayProcess, client: Client): Promise<(reply: string) => void> {
  const held = heldRequest(gateway);
  await gateway.backend.flush();
  client.send({ type: "request", id: 10, method: "demo.hold" });
  return held;
}

// Side by side: most of the time they wait for the process to start, and for its clocks.
describe.concurrent("a gateway that is told to end", () => {
  it("says goodbye to its clients one after the other, answers what is in flight, and exits with 0", async () => {
    // Long enough for everything that is looked at before the first half has gone, on machines that others use too.
    await using gateway = await GatewayProcess.start({ ...DRAIN, TIDEGATE_DRAIN_WINDOW_MS: "3s" });
    const asking = await gateway.connect("asking");
    const clients = await Promise.all(
      Array.from({ length: 40 }, (_, index) => gateway.connect(`user${index}`)),
    );
    const waiting = openClient(`ws://127.0.0.1:${gateway.port}/v1/ws`);
    await waiting.opened;
    const answer = await ask(gateway, asking);
    expect(await gateway.probe("/readyz")).toBe(200);

    gateway.process.signal("SIGTERM");
    await gateway.process.waitForLine('"draining"');
    expect(await gateway.probe("/readyz")).toBe(503);
    expect(await gateway.probe("/healthz")).toBe(200);
    expect(await openClient(`ws://127.0.0.1:${gateway.port}/v1/ws`).handshake).toMatchObject({
      outcome: "failed",
    });

    // Paced: when the first has gone, most are still there, and served.
    let gone = 0;
    for (const client of clients) {
      void client.closed.then(() => {
        gone += 1;
      });
    }
    await Promise.race(clients.map((client) => client.closed));
    expect(gone).toBeLessThan(clients.length / 2);
    const closes = await Promise.all(clients.map((client) => client.closed));
    expect(new Set(closes.map(({ code }) => code))).toStrictEqual(new Set([4000]));
    expect(await waiting.closed).toMatchObject({ code: 4000 });
    const waits = await Promise.all(
      clients.map(async (client) => (await client.next("draining"))["reconnect"]),
    );
    expect(new Set(waits).size).toBeGreaterThan(20);
    expect(waits.every((wait) => Number(wait) >= 0 && Number(wait) < 1_000)).toBe(true);

    // The one that waits for an answer is told, kept, answered, and let go; it cannot ask on.
    await asking.next("draining");
    asking.send({ type: "request", id: 11, method: "demo.hold" });
    expect(await asking.next("error")).toMatchObject({ id: 11, code: "broker_unavailable", retryable: true });
    asking.send({ type: "publish", id: 12, channel: "chat.lobby", data: "last words" });
    await asking.next("ok");
    expect(await asking.next("message")).toMatchObject({ data: "last words" });
    answer('"in time"');
    expect(await asking.next("reply")).toMatchObject({ id: 10, data: "in time" });
    expect(await asking.closed).toMatchObject({ code: 4000, reason: expect.stringContaining("draining") });
    expect(await gateway.process.exited).toStrictEqual({ code: 0, signal: null });
  });

  it("lets every client see why, also those that go on sending", async () => {
    await using gateway = await GatewayProcess.start({ ...DRAIN, TIDEGATE_DRAIN_WINDOW_MS: "50ms" });
    const clients = await Promise.all(
      Array.from({ length: 100 }, (_, index) => gateway.connect(`user${index}`)),
    );
    let id = 2;
    const sending = setInterval(() => {
      id += 1;
      for (const client of clients) {
        client.send({ type: "ping", id });
      }
    }, 5);
    gateway.process.signal("SIGTERM");
    const closes = await Promise.all(clients.map((client) => client.closed));
    clearInterval(sending);
    expect(new Set(closes.map(({ code }) => code))).toStrictEqual(new Set([4000]));
    expect(await gateway.process.exited).toStrictEqual({ code: 0, signal: null });
  });

  it("closes whoever is left at its deadline, and exits with 1", async () => {
    await using gateway = await GatewayProcess.start({
      TIDEGATE_DRAIN_WINDOW_MS: "50ms",
      TIDEGATE_DRAIN_DEADLINE_MS: "300ms",
    });
    const client = await gateway.connect("ada");
    await ask(gateway, client);
    gateway.process.signal("SIGTERM");
    expect(await client.closed).toMatchObject({ code: 4000 });
    expect(await gateway.process.exited).toStrictEqual({ code: 1, signal: null });
  });

  it("exits at once at a second signal", async () => {
    await using gateway = await GatewayProcess.start(DRAIN);
    const client = await gateway.connect("ada");
    await ask(gateway, client);
    gateway.process.signal("SIGTERM");
    await client.next("draining");
    gateway.process.signal("SIGINT");
    // Exit code 130, which is how a shell tells of SIGINT.
    expect(await gateway.process.exited).toStrictEqual({ code: null, signal: "SIGINT" });
    expect((await client.closed).code).toBe(1006);
  });

  it("exits with 0 when nobody is there, and when NATS is not there either", async () => {
    await using gateway = await GatewayProcess.start(DRAIN);
    await gateway.server.kill();
    await waitUntil(async () => (await gateway.probe("/readyz")) === 503);
    gateway.process.signal("SIGINT");
    expect(await gateway.process.exited).toStrictEqual({ code: 0, signal: null });
  });
});

describe.concurrent("a gateway that should not start", () => {
  const essential = {
    TIDEGATE_AUTH_ALGORITHMS: "HS256",
    TIDEGATE_AUTH_SECRET: DEVELOPMENT_KEY.secret,
    TIDEGATE_OPERATIONS_PORT: "0",
  };

  it("refuses the development key in production, and does not print it", async () => {
    const gateway = await spawnNode(GATEWAY_MAIN, { env: essential });
    expect((await gateway.exited).code).toBe(1);
    const output = gateway.lines.map((line) => line.text).join("\n");
    expect(output).toContain("development key");
    expect(output).not.toContain(DEVELOPMENT_KEY.secret);
  });

  it("says by --check-config what is wrong and what to write instead", async () => {
    const gateway = await spawnNode(GATEWAY_MAIN, {
      args: ["--check-config"],
      env: { TIDEGATE_LIMITS_FRAME_BYTE: "1", TIDEGATE_AUTH_ALGORITHMS: "none" },
    });
    expect((await gateway.exited).code).toBe(1);
    const output = gateway.lines.map((line) => line.text).join("\n");
    expect(output).toContain("TIDEGATE_LIMITS_FRAME_BYTES");
    expect(output).toContain("TIDEGATE_AUTH_ALGORITHMS");
  });

  it("gives up when NATS does not answer in time, or its port is taken", async () => {
    const lonely = await spawnNode(GATEWAY_MAIN, {
      env: {
        ...essential,
        TIDEGATE_MODE: "development",
        TIDEGATE_NATS_SERVERS: "nats://127.0.0.1:1",
        TIDEGATE_NATS_STARTUP_DEADLINE_MS: "100ms",
      },
    });
    expect((await lonely.exited).code).toBe(1);
    await using first = await GatewayProcess.start();
    const second = await spawnNode(GATEWAY_MAIN, {
      env: {
        ...essential,
        TIDEGATE_MODE: "development",
        TIDEGATE_NATS_SERVERS: first.server.url,
        TIDEGATE_LISTEN_HOST: "127.0.0.1",
        TIDEGATE_LISTEN_PORT: String(first.port),
      },
    });
    expect((await second.exited).code).toBe(1);
    expect(second.lines.map((line) => line.text).join("\n")).toContain("listen_failed");
    await using client = await first.connect("ada");
    client.send({ type: "ping", id: 2 });
    await client.next("ok");
  });
});
