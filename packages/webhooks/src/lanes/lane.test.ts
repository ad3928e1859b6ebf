import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Breaker } from "./breaker.ts";
import { type DeferReason, LANE_ROOM, Lane, type LaneJob, type LaneLimits } from "./lane.ts";
import { RateBucket } from "./rate-bucket.ts";
import { SPARE_PLACES, WaitingRoom } from "./waiting-room.ts";

const BREAKER = { failures: 3, firstPauseMs: 1_000, longestPauseMs: 3_000 };

class Jobs {
  readonly running: ((well: boolean) => void)[] = [];
  readonly deferred: { readonly at: number; readonly reason: DeferReason }[] = [];
  started = 0;
  abandoned = 0;

  make(): LaneJob {
    return {
      run: () => {
        this.started += 1;
        return new Promise((resolve) => this.running.push(resolve));
      },
      defer: (at, reason) => this.deferred.push({ at, reason }),
      abandon: () => {
        this.abandoned += 1;
      },
    };
  }

  async end(well: boolean): Promise<void> {
    this.running.shift()?.(well);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

class FullRoom extends WaitingRoom {
  override get hasSpare(): boolean {
    return false;
  }
}

function lane(limits: Partial<LaneLimits> = {}, room = new FullRoom()) {
  const clock = { now: 10_000 };
  const jobs = new Jobs();
  const made = new Lane(
    { concurrency: 2, ratePerSecond: 0, ...limits },
    new Breaker(BREAKER),
    room,
    () => clock.now,
  );
  const offer = (count: number) => {
    for (let index = 0; index < count; index += 1) made.offer(jobs.make());
  };
  return { lane: made, jobs, clock, offer };
}

describe("a lane", () => {
  it("runs so many at a time, keeps some waiting, and sends the rest away, each to its own time", async () => {
    const { jobs, offer, clock } = lane();
    // A new lane takes its attempts for such as end within 50 ms.
    const room = 10_000 / (50 / 2);
    offer(2 + room + 3);
    expect([jobs.started, jobs.deferred.length]).toEqual([2, 3]);
    const times = jobs.deferred.map(({ at }) => at);
    expect(jobs.deferred[0]).toEqual({ at: clock.now + 1_000, reason: "full" });
    expect([...times].sort((left, right) => left - right)).toEqual(times);
    expect(new Set(times).size).toBe(3);
    await jobs.end(true);
    expect(jobs.started).toBe(3);
  });

  it("keeps no more waiting than it works off in 10 s, but some in any case", () => {
    const slow = lane({ ratePerSecond: 1 });
    slow.offer(1 + LANE_ROOM.least + 1);
    expect([slow.jobs.started, slow.jobs.deferred.length]).toEqual([1, 1]);
    const fast = lane({ concurrency: 100 });
    fast.offer(100 + LANE_ROOM.most + 1);
    expect([fast.jobs.started, fast.jobs.deferred.length]).toEqual([100, 1]);
  });

  it("keeps all of a burst while few wait in the process, however slow the endpoint is", async () => {
    const room = new WaitingRoom();
    const slow = lane({ ratePerSecond: 1 }, room);
    slow.offer(1 + SPARE_PLACES);
    expect([slow.jobs.started, slow.jobs.deferred.length, room.hasSpare]).toEqual([1, 0, false]);
    const other = lane({}, room);
    other.offer(2 + LANE_ROOM.least);
    expect(other.jobs.deferred).toEqual([]);
    slow.offer(1);
    expect(slow.jobs.deferred.map(({ reason }) => reason)).toEqual(["full"]);
    slow.lane.clear();
    other.lane.clear();
    expect(room.hasSpare).toBe(true);
    slow.offer(1);
    expect(slow.jobs.deferred.length).toBe(1);
  });

  it("sends everything away while the breaker is open, then makes one trial", async () => {
    const { lane: one, jobs, offer, clock } = lane({ concurrency: 3 });
    offer(5);
    for (let failure = 0; failure < 3; failure += 1) await jobs.end(false);
    // Two took the places of the first failures, before the third opened the breaker.
    expect([jobs.started, one.breakerOpen]).toEqual([5, true]);
    offer(2);
    expect(jobs.deferred.map(({ reason }) => reason)).toEqual(["breaker", "breaker"]);
    expect(jobs.deferred.every(({ at }) => at >= clock.now + 1_000)).toBe(true);
    await jobs.end(false);
    await jobs.end(false);
    clock.now += 1_000;
    offer(3);
    expect([jobs.started, jobs.deferred.length]).toEqual([6, 4]);
    await jobs.end(true);
    expect(one.breakerOpen).toBe(false);
    offer(3);
    expect(jobs.started).toBe(9);
  });

  it("starts no more a second than its limit", () => {
    const { jobs, offer, clock, lane: one } = lane({ concurrency: 50, ratePerSecond: 4 });
    offer(10);
    expect(jobs.started).toBe(4);
    clock.now += 500;
    one.limits = { concurrency: 50, ratePerSecond: 4 };
    expect(jobs.started).toBe(6);
  });

  it("gives back what has not begun", () => {
    const { jobs, offer, lane: one } = lane();
    offer(5);
    for (const job of one.clear()) job.abandon();
    expect([jobs.started, jobs.abandoned]).toEqual([2, 3]);
  });
});

describe("the breaker", () => {
  it("waits twice as long after each trial that failed, up to a limit, and forgets it after a success", () => {
    const breaker = new Breaker(BREAKER);
    for (let failure = 0; failure < 3; failure += 1) breaker.failed(0);
    const pauses: number[] = [];
    for (let now = 0; pauses.length < 4; ) {
      const until = breaker.reopensAt(now);
      pauses.push(until - now);
      expect(breaker.enter(until - 1)).toBe(false);
      expect(breaker.enter(until)).toBe(true);
      expect(breaker.enter(until)).toBe(false);
      now = until;
      breaker.failed(now);
    }
    expect(pauses).toEqual([1_000, 2_000, 3_000, 3_000]);
    breaker.succeeded();
    expect(breaker.state).toEqual({ kind: "closed", failures: 0 });
  });

  it("never opens while successes come between", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 2 }), { maxLength: 30 }), (runs) => {
        const breaker = new Breaker(BREAKER);
        for (const failures of runs) {
          for (let index = 0; index < failures; index += 1) breaker.failed(0);
          breaker.succeeded();
        }
        return breaker.enter(0);
      }),
    );
  });
});

describe("the rate limit", () => {
  it("lets through a burst of one second and then the rate, whatever the steps of the clock are", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 50 }),
        fc.array(fc.integer({ min: 0, max: 400 }), { minLength: 1, maxLength: 60 }),
        (rate, steps) => {
          const bucket = new RateBucket();
          let now = 0;
          let passed = 0;
          for (const step of steps) {
            now += step;
            while (bucket.take(now, rate) === 0) passed += 1;
          }
          expect(passed).toBeLessThanOrEqual(rate + (rate * now) / 1_000 + 1e-6);
          expect(passed).toBeGreaterThanOrEqual(Math.min(rate, Math.floor(rate)));
        },
      ),
    );
  });
});
