import { AuthorizationError, PermissionViolationError, ProtocolError } from "@nats-io/transport-node";
import { afterEach, describe, expect, it, vi } from "vitest";
import { Collector } from "../testing/collector.ts";
import { FakeNats } from "../testing/fake-nats.ts";
import type { BrokerError } from "./broker-error.ts";
import { resolveBrokerOptions } from "./broker-options.ts";
import { Faults } from "./faults.ts";
import type { BrokerState } from "./link.ts";
import { Link } from "./link.ts";

const SERVER = "n1:4222";
const DISCONNECT = { type: "disconnect", server: SERVER } as const;
const RECONNECT = { type: "reconnect", server: SERVER } as const;
const STALE = { type: "staleConnection" } as const;
const LAME_DUCK = { type: "ldm", server: SERVER } as const;

function create() {
  const nats = new FakeNats();
  const errors = new Collector<BrokerError>();
  const states: BrokerState[] = [];
  const options = resolveBrokerOptions({ servers: [SERVER], name: "n", lameDuckJitterMs: 1_000 });
  const link = new Link(nats.connection, options, new Faults(errors.push));
  link.onState((state) => states.push(state));
  return { nats, link, errors, states };
}

/** Only timers: the status iterator lives on promises and setImmediate. */
function fakeTimers(): void {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
}

afterEach(() => {
  vi.useRealTimers();
});

describe("Link", () => {
  it("follows disconnects and reconnects, counting connections", async () => {
    const { nats, link, states } = create();
    expect([link.state, link.epoch]).toEqual(["connected", 1]);
    await nats.emit(DISCONNECT, { type: "reconnecting" });
    expect([link.state, link.epoch]).toEqual(["disconnected", 1]);
    await nats.emit(RECONNECT);
    expect([link.state, link.epoch]).toEqual(["connected", 2]);
    await nats.emit(DISCONNECT, RECONNECT, { type: "update" }, { type: "ping", pendingPings: 1 });
    expect(link.epoch).toBe(3);
    expect(states).toEqual(["disconnected", "connected", "disconnected", "connected"]);
    expect(link.counters).toMatchObject({ disconnects: 2, reconnects: 2 });
  });

  it("tells each state once, whatever is repeated", async () => {
    const { nats, states } = create();
    await nats.emit(STALE, DISCONNECT, DISCONNECT, RECONNECT, RECONNECT);
    expect(states).toEqual(["disconnected", "connected"]);
  });

  it("does not let a state listener keep the others from being called", async () => {
    const { nats, link, errors } = create();
    const later: BrokerState[] = [];
    link.onState(() => {
      throw new Error("listener");
    });
    link.onState((state) => later.push(state));
    await nats.emit(DISCONNECT);
    expect(later).toEqual(["disconnected"]);
    expect(errors.items).toMatchObject([{ code: "callback_failed" }]);
  });

  it("calls a state listener no more once it is taken away", async () => {
    const { nats, link } = create();
    const seen: BrokerState[] = [];
    const stop = link.onState((state) => seen.push(state));
    stop();
    await nats.emit(DISCONNECT);
    expect(seen).toEqual([]);
  });

  it("is lost when nats.js closes unasked, and says why", async () => {
    const { nats, link, states } = create();
    await nats.close(new Error("authenticator failed"));
    const error = await link.closed;
    expect(error).toMatchObject({
      code: "connection_lost",
      message: "connection_lost: authenticator failed",
    });
    expect(link.refusal()).toBe(error);
    await nats.emit(RECONNECT);
    expect(states).toEqual(["closed"]);
  });

  it("is closed without an error when it was asked to", async () => {
    const { link, states } = create();
    await link.close();
    expect(await link.closed).toBeUndefined();
    expect(states).toEqual(["closed"]);
    expect(link.refusal().code).toBe("closed");
  });

  it("closes for good when a stale connection stays and its socket cannot be found", async () => {
    fakeTimers();
    const { nats, link } = create();
    await nats.emit(STALE);
    expect(link.state).toBe("disconnected");
    expect(link.refusal().code).toBe("unavailable");
    vi.advanceTimersByTime(10_000);
    expect(nats.closeCalls).toBe(1);
    expect(await link.closed).toMatchObject({ code: "connection_lost" });
    expect(link.counters).toMatchObject({ staleConnections: 1, disconnects: 1 });
  });

  it("leaves a stale connection alone that nats.js ends by itself", async () => {
    fakeTimers();
    const { nats, link } = create();
    await nats.emit(STALE, DISCONNECT);
    vi.advanceTimersByTime(10_000);
    expect(nats.closeCalls).toBe(0);
    await nats.emit(RECONNECT);
    expect(link.state).toBe("connected");
  });

  it("leaves a server in lame duck mode once, within the jitter", async () => {
    fakeTimers();
    const { nats } = create();
    nats.servers = 2;
    await nats.emit(LAME_DUCK, LAME_DUCK);
    vi.advanceTimersByTime(1_000);
    expect(nats.forcedReconnects).toBe(1);
  });

  it("stays with a server in lame duck mode while it knows no other, and once it has left by itself", async () => {
    fakeTimers();
    const { nats } = create();
    await nats.emit(LAME_DUCK);
    nats.servers = 2;
    await nats.emit(LAME_DUCK, DISCONNECT);
    vi.advanceTimersByTime(5_000);
    expect(nats.forcedReconnects).toBe(0);
  });

  it("reports server errors and counts slow consumers", async () => {
    const { nats, link, errors } = create();
    const denied: string[] = [];
    link.onDenied((operation, subject) => denied.push(`${operation} ${subject}`));
    const slow = { type: "error", error: new ProtocolError("Slow Consumer") } as const;
    const refused = { type: "error", error: new AuthorizationError("Authorization Violation") } as const;
    const forbidden = new PermissionViolationError("Permissions Violation", "publish", "rt.a");
    await nats.emit(slow, refused, { type: "error", error: forbidden });
    expect(errors.items.map(({ code }) => code)).toEqual(["server_error", "denied", "denied"]);
    expect(link.counters).toMatchObject({ slowConsumers: 1, serverErrors: 2 });
    expect(denied).toEqual(["publish rt.a"]);
  });
});
