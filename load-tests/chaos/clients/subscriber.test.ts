import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { nowMicros } from "../../swarm/stamp.ts";
import { prepareTruth } from "../accounting/audit.ts";
import { Timeline } from "../accounting/timeline.ts";
import { Subscriber } from "./subscriber.ts";
import type { Transport, TransportEvents } from "./transport.ts";

/** Does what the test says. */
class FakeTransport implements Transport {
  readonly ports: number[] = [];
  closed = 0;
  #events: TransportEvents | undefined;

  start(port: number, events: TransportEvents) {
    this.ports.push(port);
    this.#events = events;
    return {
      close: () => {
        this.closed += 1;
      },
    };
  }

  get events(): TransportEvents {
    if (this.#events === undefined) {
      throw new Error("no attempt has been made");
    }
    return this.#events;
  }

  message(number: number, channel = "chat.r0", said: string | undefined = channel): void {
    this.events.onMessage(said, { channel, number, micros: nowMicros() - 5000 });
  }
}

const TRUTHS = new Map([
  ["chat.r0", prepareTruth({ channel: "chat.r0", numbers: [4, 5, 6], sequences: [11, 12, 13] }, 4)],
]);

let transport: FakeTransport;
let subscriber: Subscriber;

beforeEach(() => {
  vi.useFakeTimers();
  transport = new FakeTransport();
  const plan = { transport: "sse", channels: ["chat.r0"], token: "", node: 1 } as const;
  subscriber = new Subscriber(plan, transport, [7001, 7002, 7003]);
});

afterEach(() => {
  vi.useRealTimers();
});

function join(): void {
  subscriber.join();
  vi.runOnlyPendingTimers();
  transport.events.onReady(false);
}

describe("Subscriber", () => {
  test("who asks only now and then says nothing of how long messages take", () => {
    const [asking, listening] = (["short-poll", "poll"] as const).map((name) => {
      const timeline = new Timeline();
      const plan = { transport: name, channels: ["chat.r0"], token: "", node: 0 };
      subscriber = new Subscriber(plan, transport, [7001], timeline);
      join();
      transport.message(4);
      return timeline.moments;
    });
    expect([asking?.length, listening?.length]).toEqual([0, 1]);
  });

  test("begins at its node and is served when the node says so", () => {
    subscriber.join();
    vi.runOnlyPendingTimers();
    expect(transport.ports).toEqual([7002]);
    expect(subscriber.isServed).toBe(false);
    transport.events.onReady(false);
    expect(subscriber.isServed).toBe(true);
    expect(subscriber.tally(TRUTHS)).toMatchObject({ resumed: 0, connectionsLost: 0, awayMs: [] });
  });

  test("goes to another node when its connection is lost, and counts how long it was away", () => {
    join();
    transport.events.onEnded("ECONNRESET", undefined);
    expect(subscriber.isServed).toBe(false);
    vi.runOnlyPendingTimers();
    expect([7001, 7003]).toContain(transport.ports[1]);
    transport.events.onReady(true);
    const tally = subscriber.tally(TRUTHS);
    expect(tally).toMatchObject({
      resumed: 1,
      connectionsLost: 1,
      endings: { "sse served: ECONNRESET": 1 },
    });
    expect(tally.awayMs).toHaveLength(1);
  });

  test("waits as long as the node asks for", () => {
    join();
    transport.events.onEnded("told to end", 5000);
    vi.advanceTimersByTime(4999);
    expect(transport.ports).toHaveLength(1);
    vi.advanceTimersByTime(1);
    expect(transport.ports).toHaveLength(2);
  });

  test("keeps trying, and counts a lost connection once", () => {
    join();
    for (let attempt = 0; attempt < 5; attempt += 1) {
      transport.events.onEnded("ECONNREFUSED", undefined);
      vi.runOnlyPendingTimers();
    }
    transport.events.onReady(true);
    expect(transport.ports).toHaveLength(6);
    expect(subscriber.tally(TRUTHS)).toMatchObject({
      connectionsLost: 1,
      endings: { "sse served: ECONNREFUSED": 1, "sse connecting: ECONNREFUSED": 4 },
    });
  });

  test("knows when it has everything, and accounts for it", () => {
    join();
    transport.message(4);
    transport.message(5);
    expect(subscriber.hasAll(TRUTHS)).toBe(false);
    transport.message(6);
    expect(subscriber.hasAll(TRUTHS)).toBe(true);
    const tally = subscriber.tally(TRUTHS);
    expect(tally).toMatchObject({ clients: 1, harmed: 0, expected: 3, received: 3, lost: 0 });
    expect(Object.values(tally.delayMs)).toEqual([3]);
  });

  test("is harmed by what is lost, twice, or not its own", () => {
    join();
    expect(subscriber.tally(TRUTHS)).toMatchObject({ lost: 3, harmed: 1 });
    for (const number of [4, 5, 6, 6]) {
      transport.message(number);
    }
    transport.message(1, "feed.r9");
    transport.message(2, "chat.r0", "chat.r1");
    expect(subscriber.tally(TRUTHS)).toMatchObject({ lost: 0, twice: 1, foreign: 2, harmed: 1 });
  });

  test("is not harmed by what a reset says is missing", () => {
    join();
    transport.events.onReset("chat.r0", "expired", 12);
    transport.message(6);
    expect(subscriber.tally(TRUTHS)).toMatchObject({
      lost: 0,
      excused: 2,
      harmed: 0,
      resets: { "sse expired": 1 },
    });
  });

  test("forgets a round when the next begins", () => {
    join();
    transport.message(1);
    transport.events.onEnded("ECONNRESET", undefined);
    subscriber.begin();
    expect(subscriber.tally(new Map())).toMatchObject({
      expected: 0,
      twice: 0,
      endings: {},
      connectionsLost: 0,
    });
  });

  test("leaves, and comes back after a while", () => {
    join();
    subscriber.leave();
    expect(transport.closed).toBe(1);
    vi.runAllTimers();
    expect(transport.ports).toHaveLength(1);
    subscriber.join(300);
    vi.advanceTimersByTime(299);
    expect(transport.ports).toHaveLength(1);
    vi.advanceTimersByTime(1);
    transport.events.onReady(true);
    expect(subscriber.tally(TRUTHS)).toMatchObject({ resumed: 1, connectionsLost: 0, awayMs: [] });
  });
});
