import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { TestSeat } from "../../testing/test-seat.ts";
import { Audience } from "./audience.ts";
import type { Frame } from "./format.ts";

function frame(text: string): Frame {
  return { bytes: Buffer.from(text), binary: false, sequence: 0, messages: 1 };
}

function audienceOf(...seats: readonly TestSeat[]): Audience {
  const audience = new Audience("json", 100);
  for (const seat of seats) {
    audience.add(seat);
  }
  return audience;
}

describe("Audience", () => {
  it("hands all frames since the last flush to every seat in one call", () => {
    const seats = [new TestSeat(), new TestSeat()];
    const audience = audienceOf(...seats);
    audience.hold(frame("a"));
    audience.hold(frame("b"));
    audience.flush();
    audience.hold(frame("c"));
    audience.flush();
    for (const seat of seats) {
      expect(seat.deliveries.map((frames) => frames.length)).toStrictEqual([2, 1]);
      expect(seat.texts).toStrictEqual(["a", "b", "c"]);
    }
  });

  it("joins the messages of a flush once, for all who want batches", () => {
    const seats = [new TestSeat("lines"), new TestSeat("lines")];
    const audience = new Audience("lines", 100);
    for (const seat of seats) {
      audience.add(seat);
    }
    audience.hold(frame("a"));
    audience.flush();
    audience.hold(frame("b"));
    audience.hold(frame("c"));
    audience.flush();
    expect(seats.map(({ texts }) => texts)).toStrictEqual([
      ["a", "b\nc"],
      ["a", "b\nc"],
    ]);
    expect(seats[0]?.frames[1]).toBe(seats[1]?.frames[1]);
  });

  it("bothers nobody when there is nothing to deliver", () => {
    const seat = new TestSeat();
    audienceOf(seat).flush();
    expect(seat.deliveries).toStrictEqual([]);
  });

  it("keeps everybody else in place when one leaves, and lets one leave twice", () => {
    const seats = [new TestSeat(), new TestSeat(), new TestSeat()];
    const [first, second, third] = seats;
    const audience = audienceOf(...seats);
    audience.remove(first ?? new TestSeat());
    audience.remove(first ?? new TestSeat());
    expect(audience.size).toBe(2);
    expect(first?.index).toBe(-1);
    audience.hold(frame("a"));
    audience.flush();
    expect([first?.texts, second?.texts, third?.texts]).toStrictEqual([[], ["a"], ["a"]]);
  });

  it("ignores somebody who has no seat", () => {
    const audience = audienceOf(new TestSeat());
    audience.remove(new TestSeat());
    expect(audience.size).toBe(1);
  });

  it("gives a list of seats that does not change", () => {
    const seat = new TestSeat();
    const audience = audienceOf(seat);
    const before = audience.seats();
    audience.remove(seat);
    expect(before).toStrictEqual([seat]);
    expect(audience.seats()).toStrictEqual([]);
  });

  /** What each seat does, by number, when it is served: others leave, itself perhaps, and new ones join. */
  const reaction = fc.record({
    at: fc.nat({ max: 11 }),
    leavers: fc.array(fc.nat({ max: 11 }), { maxLength: 4 }),
    joins: fc.nat({ max: 2 }),
  });

  it("serves each seat that is there throughout exactly once, and none after it left, whoever comes and goes", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 12 }),
        fc.array(fc.array(reaction, { maxLength: 6 }), { minLength: 1, maxLength: 4 }),
        (count, flushes) => {
          const seats = Array.from({ length: count }, () => new TestSeat());
          const audience = audienceOf(...seats);
          for (const [round, reactions] of flushes.entries()) {
            const present = new Set(seats.filter(({ index }) => index !== -1));
            const left = new Set<TestSeat>();
            const late = new Set<TestSeat>();
            const servedAfterLeaving: TestSeat[] = [];
            for (const [number, seat] of seats.entries()) {
              seat.onDeliver = () => {
                if (left.has(seat)) {
                  servedAfterLeaving.push(seat);
                }
                for (const { leavers, joins } of reactions.filter(({ at }) => at === number)) {
                  for (const leaver of leavers) {
                    const leaving = seats[leaver];
                    if (leaving !== undefined) {
                      audience.remove(leaving);
                      left.add(leaving);
                    }
                  }
                  for (let join = 0; join < joins; join += 1) {
                    const newcomer = new TestSeat();
                    seats.push(newcomer);
                    late.add(newcomer);
                    audience.add(newcomer);
                  }
                }
              };
            }
            const before = new Map(seats.map((seat) => [seat, seat.deliveries.length]));
            audience.hold(frame(`round ${round}`));
            audience.flush();
            expect(servedAfterLeaving).toStrictEqual([]);
            for (const seat of seats) {
              const served = seat.deliveries.length - (before.get(seat) ?? 0);
              if (late.has(seat) || !present.has(seat)) {
                expect(served).toBe(0);
              } else if (left.has(seat)) {
                expect(served).toBeLessThanOrEqual(1);
              } else {
                expect(served).toBe(1);
              }
            }
            // The books agree with what happened.
            const inside = seats.filter(({ index }) => index !== -1);
            expect(audience.size).toBe(inside.length);
            expect(new Set(audience.seats())).toStrictEqual(new Set(inside));
            expect(audience.seats().every((seat, index) => seat.index === index)).toBe(true);
          }
        },
      ),
      { numRuns: 500 },
    );
  });
});
