import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Sleeper, TimerWheel } from "./timer-wheel.ts";

const TICK = 100;
const TURN = 512 * TICK;

class Clock {
  now: number;

  constructor(now = 1_800_000_000_000) {
    this.now = now;
  }
}

class TestSleeper implements Sleeper {
  wakeAt: number = Number.POSITIVE_INFINITY;
  wheelSlot = -1;
  wheelIndex = -1;
  readonly wokenAt: number[] = [];
  onWake: (now: number) => void = () => {};

  wake(now: number): void {
    this.wokenAt.push(now);
    this.onWake(now);
  }
}

function wheelAt(clock: Clock): TimerWheel {
  return new TimerWheel(() => clock.now);
}

function advanceTo(wheel: TimerWheel, clock: Clock, time: number): void {
  while (clock.now < time) {
    clock.now = Math.min(clock.now + TICK, time);
    wheel.advance();
  }
}

describe("TimerWheel", () => {
  it("wakes a sleeper at its time and not again", () => {
    const clock = new Clock();
    const wheel = wheelAt(clock);
    const sleeper = new TestSleeper();
    const due = clock.now + 250;
    wheel.schedule(sleeper, due);
    advanceTo(wheel, clock, due - 1);
    expect(sleeper.wokenAt).toStrictEqual([]);
    advanceTo(wheel, clock, due + TURN);
    expect(sleeper.wokenAt).toHaveLength(1);
    expect(sleeper.wheelSlot).toBe(-1);
  });

  it("wakes a sleeper that is overdue already in the next tick", () => {
    const clock = new Clock();
    const wheel = wheelAt(clock);
    const sleeper = new TestSleeper();
    wheel.schedule(sleeper, 0);
    advanceTo(wheel, clock, clock.now + TICK);
    expect(sleeper.wokenAt).toStrictEqual([clock.now]);
  });

  it("keeps one that sleeps longer than a turn", () => {
    const clock = new Clock();
    const wheel = wheelAt(clock);
    const sleeper = new TestSleeper();
    const due = clock.now + 3 * TURN + 777;
    wheel.schedule(sleeper, due);
    advanceTo(wheel, clock, due - 1);
    expect(sleeper.wokenAt).toStrictEqual([]);
    advanceTo(wheel, clock, due + TICK);
    expect(sleeper.wokenAt).toHaveLength(1);
  });

  it("does not keep one that sleeps for ever", () => {
    const clock = new Clock();
    const wheel = wheelAt(clock);
    const sleeper = new TestSleeper();
    wheel.schedule(sleeper, Number.POSITIVE_INFINITY);
    expect(sleeper.wheelSlot).toBe(-1);
    advanceTo(wheel, clock, clock.now + TURN);
    expect(sleeper.wokenAt).toStrictEqual([]);
  });

  it("wakes one that reschedules itself for now once per tick, not for ever in one", () => {
    const clock = new Clock();
    const wheel = wheelAt(clock);
    const sleeper = new TestSleeper();
    sleeper.onWake = (now) => wheel.schedule(sleeper, now);
    wheel.schedule(sleeper, clock.now);
    advanceTo(wheel, clock, clock.now + 5 * TICK);
    expect(sleeper.wokenAt).toHaveLength(5);
  });

  it("does not wake what another sleeper of the same slot cancels or puts off", () => {
    const clock = new Clock();
    const wheel = wheelAt(clock);
    const [first, cancelled, delayed] = [new TestSleeper(), new TestSleeper(), new TestSleeper()];
    const due = clock.now + TICK;
    first.onWake = (now) => {
      wheel.cancel(cancelled);
      wheel.schedule(delayed, now + 3 * TICK);
    };
    for (const sleeper of [first, cancelled, delayed]) {
      wheel.schedule(sleeper, due);
    }
    advanceTo(wheel, clock, due);
    expect([first, cancelled, delayed].map(({ wokenAt }) => wokenAt.length)).toStrictEqual([1, 0, 0]);
    advanceTo(wheel, clock, due + TURN);
    expect([first, cancelled, delayed].map(({ wokenAt }) => wokenAt.length)).toStrictEqual([1, 0, 1]);
  });

  it("wakes everything that came due during a stall longer than a turn", () => {
    const clock = new Clock();
    const wheel = wheelAt(clock);
    const sleepers = Array.from({ length: 600 }, () => new TestSleeper());
    for (const [index, sleeper] of sleepers.entries()) {
      wheel.schedule(sleeper, clock.now + index * TICK);
    }
    clock.now += 10 * TURN;
    wheel.advance();
    expect(sleepers.every(({ wokenAt }) => wokenAt.length === 1)).toBe(true);
  });

  it("can be started and stopped again and again", () => {
    const wheel = new TimerWheel(() => performance.now());
    wheel.start();
    wheel.start();
    wheel.stop();
    wheel.stop();
    const sleeper = new TestSleeper();
    wheel.schedule(sleeper, performance.now());
    expect(sleeper.wokenAt).toStrictEqual([]);
  });

  type Step =
    | { readonly kind: "schedule"; readonly who: number; readonly inMs: number }
    | { readonly kind: "cancel"; readonly who: number }
    | { readonly kind: "pass"; readonly ms: number };

  const who = fc.nat({ max: 9 });
  const step: fc.Arbitrary<Step> = fc.oneof(
    fc.record({
      kind: fc.constant("schedule" as const),
      who,
      inMs: fc.oneof(fc.integer({ min: -500, max: 3_000 }), fc.integer({ min: 0, max: 3 * TURN })),
    }),
    fc.record({ kind: fc.constant("cancel" as const), who }),
    // Mostly ticks as the timer makes them; now and then a stall, sometimes of several turns.
    fc.record({
      kind: fc.constant("pass" as const),
      ms: fc.oneof(
        { weight: 6, arbitrary: fc.integer({ min: 80, max: 250 }) },
        { weight: 1, arbitrary: fc.integer({ min: 0, max: 4 * TURN }) },
      ),
    }),
  );

  it("wakes every sleeper once, never early, and in the first pass a tick after it is due", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
        const clock = new Clock();
        const wheel = wheelAt(clock);
        const sleepers = Array.from({ length: 10 }, () => new TestSleeper());
        /** What each sleeper waits for, kept apart from the wheel's own books. */
        const due = new Map<TestSleeper, number>();
        const pass = (ms: number): void => {
          clock.now += ms;
          const woken = new Set<TestSleeper>();
          for (const sleeper of sleepers) {
            sleeper.onWake = (now) => {
              const expected = due.get(sleeper);
              // Not woken without a time, not twice, not early.
              expect(expected).toBeDefined();
              expect(now).toBeGreaterThanOrEqual(expected ?? Number.NaN);
              due.delete(sleeper);
              woken.add(sleeper);
            };
          }
          wheel.advance();
          for (const time of due.values()) {
            expect(time).toBeGreaterThan(clock.now - TICK);
          }
        };
        for (const one of steps) {
          if (one.kind === "pass") {
            pass(one.ms);
            continue;
          }
          const sleeper = sleepers[one.who] ?? new TestSleeper();
          if (one.kind === "cancel") {
            wheel.cancel(sleeper);
            due.delete(sleeper);
          } else {
            wheel.schedule(sleeper, clock.now + one.inMs);
            // Who is overdue when scheduled has its tick from then on.
            due.set(sleeper, clock.now + Math.max(0, one.inMs));
          }
        }
        // In the end everybody wakes: nothing was lost on the way.
        pass(4 * TURN);
        pass(TICK);
        expect(due.size).toBe(0);
        expect(sleepers.every(({ wheelSlot }) => wheelSlot === -1)).toBe(true);
      }),
      { numRuns: 300 },
    );
  });
});
