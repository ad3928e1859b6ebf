import type { Msg, NatsConnection, SubscriptionOptions } from "@nats-io/transport-node";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Faults } from "../faults.ts";
import type { HeaderReader } from "../header-reader.ts";
import type { Outbound } from "../outbound.ts";
import type { StreamReader } from "../store/stream-reader.ts";
import { NamespaceWatch } from "./namespace-watch.ts";

const ELECTION = "$JS.EVENT.ADVISORY.STREAM.LEADER_ELECTED.rt_chat";
const TICK_MS = 1_000;
const NEVER_MS = 3_600_000;
const MINUTE_MS = 60_000;

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

/** A watch whose ticks never come back unless the test says so. */
function watch({ tickMs = NEVER_MS, sweepMs = NEVER_MS } = {}) {
  const listeners = new Map<string, (message: Msg) => void>();
  const connection: Pick<NatsConnection, "subscribe" | "isClosed"> = {
    subscribe: (subject, { callback }: SubscriptionOptions = {}) => {
      listeners.set(subject, (message) => callback?.(null, message));
      return { unsubscribe: () => listeners.delete(subject) } as unknown as ReturnType<
        NatsConnection["subscribe"]
      >;
    },
    isClosed: () => false,
  };
  const counts = { suspicions: 0, sweeps: 0, ticks: 0 };
  const outbound: Pick<Outbound, "send"> = {
    send: () => {
      counts.ticks += 1;
      return "sent";
    },
  };
  const errors: unknown[] = [];
  const made = new NamespaceWatch({
    namespace: "chat",
    streamName: "rt_chat",
    subjectPrefix: "rt",
    connection: connection as NatsConnection,
    outbound: outbound as Outbound,
    stream: {} as StreamReader,
    reader: {} as HeaderReader,
    faults: new Faults((error) => errors.push(error)),
    tickMs,
    sweepMs,
    onSuspicion: () => {
      counts.suspicions += 1;
    },
    onRegressed: () => {},
    onSweep: () => {
      counts.sweeps += 1;
    },
  });
  const elect = () => listeners.get(ELECTION)?.({} as Msg);
  return { made, counts, errors, elect };
}

describe("an election", () => {
  it("is looked after at once and twice more", () => {
    const { made, counts, elect, errors } = watch();
    elect();
    expect(counts.suspicions).toBe(1);
    vi.advanceTimersByTime(MINUTE_MS);
    expect(counts.suspicions).toBe(3);
    vi.advanceTimersByTime(MINUTE_MS);
    expect(counts.suspicions).toBe(3);
    expect(errors).toStrictEqual([]);
    made.close();
  });

  it("that follows another begins anew", () => {
    const { made, counts, elect } = watch();
    elect();
    elect();
    vi.advanceTimersByTime(MINUTE_MS);
    expect(counts.suspicions).toBe(4);
    made.close();
  });

  it("is not looked after any more once the link or the watch is gone", () => {
    const first = watch();
    first.elect();
    first.made.setConnected(false);
    const second = watch();
    second.elect();
    second.made.close();
    vi.advanceTimersByTime(MINUTE_MS);
    expect([first.counts.suspicions, second.counts.suspicions]).toStrictEqual([1, 1]);
    expect(vi.getTimerCount()).toBeGreaterThan(0);
    first.made.close();
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe("ticks", () => {
  it("that do not come make a suspicion again and again, as long as there is a link", () => {
    const { made, counts } = watch({ tickMs: TICK_MS });
    vi.advanceTimersByTime(9.5 * TICK_MS);
    expect(counts).toMatchObject({ suspicions: 3, ticks: 9 });
    expect(made.missed).toBe(3);
    made.setConnected(false);
    vi.advanceTimersByTime(10 * TICK_MS);
    expect(counts).toMatchObject({ suspicions: 3, ticks: 9 });
    made.close();
  });
});

describe("sweeps", () => {
  it("come between one and two intervals apart", () => {
    const { made, counts } = watch({ sweepMs: TICK_MS });
    vi.advanceTimersByTime(20 * TICK_MS);
    expect(counts.sweeps).toBeGreaterThanOrEqual(9);
    expect(counts.sweeps).toBeLessThanOrEqual(20);
    made.close();
  });
});
