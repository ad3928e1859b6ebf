import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { TestSeat } from "../../testing/test-seat.ts";
import { Traffic } from "../traffic.ts";
import { Audience } from "./audience.ts";
import { type FlushBudget, UNLIMITED } from "./flush-budget.ts";
import type { Frame } from "./format.ts";
import { LINE_LOST, LINE_QUEUED, LINE_SENT } from "./line.ts";

function frame(text: string): Frame {
  return { bytes: Buffer.from(text), binary: false, sequence: 0, messages: 1 };
}

function audienceOf(...seats: readonly TestSeat[]): Audience {
  const audience = new Audience(seats[0]?.format ?? "json", 100, new Traffic());
  for (const seat of seats) {
    audience.add(seat);
  }
  return audience;
}

function flush(audience: Audience): void {
  audience.begin();
  audience.walk(UNLIMITED);
}

/** Of each frame that it got, the first character: large ones repeat it. */
function initials(seat: TestSeat | undefined): string | undefined {
  return seat?.texts.map(([first]) => first).join("");
}

/** For so many seats. */
function budgetOf(seats: number): FlushBudget {
  let left = seats;
  return {
    start: () => {},
    isSpent: () => {
      left -= 1;
      return left < 0;
    },
  };
}

describe("Audience", () => {
  it("hands all frames since the last flush to every seat in one call", () => {
    const seats = [new TestSeat(), new TestSeat()];
    const audience = audienceOf(...seats);
    audience.hold(frame("a"));
    audience.hold(frame("b"));
    flush(audience);
    audience.hold(frame("c"));
    flush(audience);
    for (const seat of seats) {
      expect(seat.deliveries.map((frames) => frames.length)).toStrictEqual([2, 1]);
      expect(seat.texts).toStrictEqual(["a", "b", "c"]);
    }
  });

  it("joins the messages of a flush once, for all who want batches", () => {
    const seats = [new TestSeat("lines"), new TestSeat("lines")];
    const audience = audienceOf(...seats);
    audience.hold(frame("a"));
    flush(audience);
    audience.hold(frame("b"));
    audience.hold(frame("c"));
    flush(audience);
    expect(seats.map(({ texts }) => texts)).toStrictEqual([
      ["a", "b\nc"],
      ["a", "b\nc"],
    ]);
    expect(seats[0]?.frames[1]).toBe(seats[1]?.frames[1]);
  });

  it("bothers nobody when there is nothing to deliver", () => {
    const seat = new TestSeat();
    flush(audienceOf(seat));
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
    flush(audience);
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

  it("goes on where the budget ended the walk, with what was held when it began", () => {
    const seats = Array.from({ length: 5 }, () => new TestSeat());
    const audience = audienceOf(...seats);
    audience.hold(frame("a"));
    audience.begin();
    expect(audience.walk(budgetOf(2))).toBe(false);
    audience.hold(frame("b"));
    audience.begin();
    expect(audience.walk(budgetOf(2))).toBe(false);
    expect(audience.walk(budgetOf(2))).toBe(true);
    expect(seats.map(({ texts }) => texts)).toStrictEqual(seats.map(() => ["a"]));
    expect(audience.isHolding).toBe(true);
    flush(audience);
    expect(seats.map(({ texts }) => texts)).toStrictEqual(seats.map(() => ["a", "b"]));
  });

  it("shares what it hands to those who come in the midst of a flush", () => {
    const early = new TestSeat("lines");
    const late = [new TestSeat("lines"), new TestSeat("lines")];
    const audience = audienceOf(early);
    audience.hold(frame("a"));
    for (const seat of late) {
      audience.add(seat);
    }
    audience.hold(frame("b"));
    audience.hold(frame("c"));
    flush(audience);
    expect([early.texts, late[0]?.texts]).toStrictEqual([["a\nb\nc"], ["b\nc"]]);
    expect(late[0]?.frames[0]).toBe(late[1]?.frames[0]);
  });

  it("serves one ahead of the others, once", () => {
    const [first, second] = [new TestSeat(), new TestSeat()];
    const audience = audienceOf(first, second);
    audience.hold(frame("a"));
    audience.begin();
    audience.hold(frame("b"));
    audience.serve(second);
    audience.serve(second);
    expect([first.texts, second.texts]).toStrictEqual([[], ["a", "b"]]);
    audience.walk(UNLIMITED);
    flush(audience);
    expect([first.texts, second.texts]).toStrictEqual([
      ["a", "b"],
      ["a", "b"],
    ]);
  });

  it("goes on with the walk that was begun while a delivery ended the one before", () => {
    const seats = Array.from({ length: 5 }, () => new TestSeat());
    const audience = audienceOf(...seats);
    audience.hold(frame("a"));
    audience.begin();
    expect(audience.walk(budgetOf(1))).toBe(false);
    audience.hold(frame("b"));
    const second = seats[1] ?? new TestSeat();
    second.onDeliver = () => {
      second.onDeliver = () => {};
      audience.walk(UNLIMITED);
      audience.begin();
      audience.walk(budgetOf(1));
    };
    expect(audience.walk(UNLIMITED)).toBe(false);
    expect(audience.walk(UNLIMITED)).toBe(true);
    expect(seats.map(({ texts }) => texts.join(""))).toStrictEqual(Array(5).fill("ab"));
  });

  describe("with lines", () => {
    function lined(count: number) {
      const traffic = new Traffic();
      const audience = new Audience("json", 100, traffic);
      const seats = Array.from({ length: count }, () => new TestSeat());
      for (const seat of seats) {
        seat.openLine();
        audience.add(seat);
      }
      return { audience, seats, traffic };
    }

    it("sends single frames over them, and counts what went out", () => {
      const { audience, seats, traffic } = lined(10);
      audience.hold(frame("abc"));
      flush(audience);
      expect(seats.every(({ texts }) => texts.join() === "abc")).toBe(true);
      expect([traffic.messagesOut, traffic.bytesOut]).toStrictEqual([10, 30]);
    });

    it("sends several frames in one write", () => {
      const { audience, seats, traffic } = lined(10);
      audience.hold(frame("a"));
      audience.hold(frame("bc"));
      flush(audience);
      expect(seats.map(({ corks, texts }) => [corks, ...texts])).toStrictEqual(
        Array(10).fill([1, "a", "bc"]),
      );
      expect([traffic.messagesOut, traffic.bytesOut]).toStrictEqual([20, 30]);
    });

    it("tells a seat when the end of such a write waits, and when any of it was lost", () => {
      const { audience, seats, traffic } = lined(10);
      const [first, second, third] = seats;
      Object.assign(first ?? {}, { buffered: 1 });
      second?.lineOutcomes.push(LINE_QUEUED, LINE_QUEUED);
      third?.lineOutcomes.push(LINE_SENT, LINE_LOST);
      for (const text of ["a", "b", "c"]) {
        audience.hold(frame(text));
      }
      flush(audience);
      expect(seats.map(({ strains }) => strains)).toStrictEqual([
        [LINE_QUEUED],
        [],
        [LINE_LOST],
        ...Array(7).fill([]),
      ]);
      expect(third?.texts).toStrictEqual(["a"]);
      expect(traffic.messagesOut).toBe(27);
    });

    it("sends what is more than one write takes in several", () => {
      const { audience, seats, traffic } = lined(10);
      for (const text of ["a", "b", "c", "d"]) {
        audience.hold(frame(text.repeat(7_000)));
      }
      audience.hold(frame("e".repeat(70_000)));
      audience.hold(frame("f"));
      flush(audience);
      expect(seats.map(({ corks }) => corks)).toStrictEqual(Array(10).fill(2));
      expect(seats.every((seat) => initials(seat) === "abcdef")).toBe(true);
      expect([traffic.messagesOut, traffic.bytesOut]).toStrictEqual([60, 980_010]);
    });

    it("hands the seat what is behind the write that was not sent whole, since some of it may have to be skipped", () => {
      const { audience, seats, traffic } = lined(10);
      seats[3]?.lineOutcomes.push(LINE_SENT, LINE_SENT, LINE_SENT, LINE_QUEUED);
      seats[4]?.lineOutcomes.push(LINE_SENT, LINE_SENT, LINE_LOST);
      Object.assign(seats[3] ?? {}, { buffered: 1 });
      for (const text of ["a", "b", "c", "d", "e"]) {
        audience.hold(frame(text.repeat(7_000)));
      }
      flush(audience);
      expect(seats.map(({ strains }) => strains)).toStrictEqual(
        seats.map((_, index) => (index === 3 ? [LINE_QUEUED] : index === 4 ? [LINE_LOST] : [])),
      );
      const handed = seats.map(({ deliveries }) => deliveries.map((frames) => frames.length));
      expect(handed[2]).toStrictEqual([1, 1, 1, 1, 1]);
      expect(handed[3]).toStrictEqual([1, 1, 3]);
      expect(handed[4]).toStrictEqual([1, 1, 1]);
      expect(initials(seats[3])).toBe("abcde");
      expect(initials(seats[4])).toBe("abe");
      // Of what is handed over, the seats keep the books.
      expect(traffic.messagesOut).toBe(8 * 5 + 2 + 2);
    });

    it("knows what is behind such a write where messages were superseded", () => {
      const { audience, seats } = lined(10);
      Object.assign(seats[3] ?? {}, { buffered: 1 });
      for (const [text = "", key] of ["ax", "by", "ax", "cz", "dy", "ew"]) {
        audience.hold(frame(text.repeat(7_000)), key);
      }
      flush(audience);
      expect(seats.map(initials)).toStrictEqual(Array(10).fill("acde"));
      expect(seats[3]?.deliveries.map((frames) => frames.length)).toStrictEqual([1, 1, 2]);
    });

    it("tells a seat what its line did not send whole, and does not count what was lost", () => {
      const { audience, seats, traffic } = lined(10);
      seats[3]?.lineOutcomes.push(LINE_QUEUED);
      seats[4]?.lineOutcomes.push(LINE_LOST);
      audience.hold(frame("a"));
      flush(audience);
      expect(seats.map(({ strains }) => strains)).toStrictEqual(
        seats.map((_, index) => (index === 3 ? [LINE_QUEUED] : index === 4 ? [LINE_LOST] : [])),
      );
      expect(traffic.messagesOut).toBe(9);
    });

    it("goes on with the others when one of them throws", () => {
      const { audience, seats } = lined(10);
      const broken = seats[0] ?? new TestSeat();
      const closed = () => {
        throw new Error("this socket is closed");
      };
      broken.line = { send: closed, cork: closed, getBufferedAmount: closed };
      audience.relay(broken);
      audience.hold(frame("a"));
      flush(audience);
      audience.hold(frame("b"));
      audience.hold(frame("c"));
      flush(audience);
      expect(broken.strains).toStrictEqual([LINE_LOST, LINE_LOST]);
      expect(seats.slice(1).every(({ texts }) => texts.join() === "a,b,c")).toBe(true);
    });

    it("uses another line, or none, from the moment that it is told of it", () => {
      const { audience, seats } = lined(10);
      audience.hold(frame("a"));
      flush(audience);
      const first = seats[0] ?? new TestSeat();
      first.line = undefined;
      audience.relay(first);
      audience.hold(frame("b"));
      flush(audience);
      expect(first.deliveries.length).toBe(2);
      expect(first.texts).toStrictEqual(["a", "b"]);
    });
  });

  const who = fc.nat({ max: 11 });
  const step = fc.oneof(
    // Two of the large ones are more than one write of a line takes.
    {
      weight: 4,
      arbitrary: fc.record({ do: fc.constant("hold" as const), size: fc.constantFrom(0, 0, 8_000) }),
    },
    { weight: 4, arbitrary: fc.record({ do: fc.constant("walk" as const), seats: fc.nat({ max: 6 }) }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant("sit" as const), who }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant("leave" as const), who }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant("serve" as const), who }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant("relay" as const), who, open: fc.boolean() }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant("strain" as const), who }) },
    { weight: 1, arbitrary: fc.constant({ do: "flush" as const }) },
  );
  /** What is done while a seat is being served. */
  const reactions = fc.array(fc.record({ at: who, step }), { maxLength: 5 });

  it("gives each seat what is held while it sits, once and in order, whoever comes, goes and is served between two slices", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), reactions, (steps, reacting) => {
        const audience = new Audience("json", 100, new Traffic());
        const seats = Array.from({ length: 12 }, () => new TestSeat());
        /** By seat, what was held since it sat down. */
        const due = new Map<TestSeat, string[]>();
        const got = (seat: TestSeat): readonly string[] =>
          seat.frames
            .slice(starts.get(seat))
            .map(({ bytes }) => Buffer.from(bytes.subarray(0, 10)).toString().trimEnd());
        const starts = new Map<TestSeat, number>();
        // Most sit, so that they are walked over in rows.
        for (const seat of seats.slice(0, 10)) {
          audience.add(seat);
          due.set(seat, []);
          starts.set(seat, 0);
        }
        let held = 0;
        const run = (taken: (typeof steps)[number]): void => {
          const seat = "who" in taken ? (seats[taken.who] ?? new TestSeat()) : new TestSeat();
          switch (taken.do) {
            case "hold":
              held += 1;
              audience.hold(frame(String(held).padEnd(taken.size)));
              for (const expected of due.values()) {
                expected.push(String(held));
              }
              return;
            case "walk":
              audience.begin();
              audience.walk(budgetOf(taken.seats));
              return;
            case "sit":
              if (seat.index === -1) {
                audience.add(seat);
                due.set(seat, []);
                starts.set(seat, seat.frames.length);
              }
              return;
            case "leave":
              audience.remove(seat);
              // Some of it may not have gone out, but nothing was left out.
              expect(due.get(seat)?.slice(0, got(seat).length) ?? got(seat)).toStrictEqual(got(seat));
              due.delete(seat);
              starts.set(seat, Number.POSITIVE_INFINITY);
              return;
            case "serve":
              audience.serve(seat);
              expect(got(seat)).toStrictEqual(due.get(seat) ?? []);
              return;
            case "relay":
              if (taken.open) seat.openLine();
              else seat.line = undefined;
              audience.relay(seat);
              return;
            case "strain":
              seat.lineOutcomes.push(LINE_QUEUED);
              return;
            case "flush":
              flush(audience);
              flush(audience);
              return;
          }
        };
        let depth = 0;
        for (const [number, seat] of seats.entries()) {
          const mine = reacting.filter(({ at }) => at === number);
          seat.onDeliver = () => {
            expect(seat.index).not.toBe(-1);
            // Each time anew, but not for ever.
            if (depth < 2) {
              depth += 1;
              for (const { step: taken } of mine.filter(({ step: { do: what } }) => what !== "hold")) {
                run(taken);
              }
              depth -= 1;
            }
          };
        }
        for (const taken of steps) {
          run(taken);
        }
        flush(audience);
        flush(audience);
        for (const seat of seats) {
          expect(got(seat)).toStrictEqual(due.get(seat) ?? []);
        }
        // The books agree with what happened.
        const inside = seats.filter(({ index }) => index !== -1);
        expect(new Set(audience.seats())).toStrictEqual(new Set(inside));
        expect(audience.seats().every((seat, index) => seat.index === index)).toBe(true);
      }),
      { numRuns: 2_000 },
    );
  });
});
