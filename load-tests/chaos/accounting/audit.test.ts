import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { audit, isComplete, prepareTruth } from "./audit.ts";
import { ReceiptLog } from "./receipt-log.ts";

/** Messages 10 to 19, which the stream holds at sequences 101, 103, 105 and so on. */
const NUMBERS = Array.from({ length: 10 }, (_, index) => 10 + index);
const TRUTH = prepareTruth(
  { channel: "chat.r0", numbers: NUMBERS, sequences: NUMBERS.map((_, index) => 101 + 2 * index) },
  10,
);

type Step = number | { readonly reset: number | undefined };

function logOf(steps: readonly Step[]): ReceiptLog {
  const log = new ReceiptLog();
  for (const step of steps) {
    typeof step === "number" ? log.message(step) : log.reset(step.reset);
  }
  return log;
}

function find(...steps: readonly Step[]) {
  return audit(TRUTH, logOf(steps));
}

const CLEAN = {
  expected: 10,
  received: 10,
  lost: 0,
  excused: 0,
  twice: 0,
  outOfOrder: 0,
  phantom: 0,
  lostSequences: [],
};

describe("audit", () => {
  test("finds nothing where everything came once and in order", () => {
    expect(find(...NUMBERS)).toEqual(CLEAN);
  });

  test.each([
    ["nothing at all", [], { received: 0, lost: 10, lostSequences: [101, 103, 105, 107, 109] }],
    ["the first missing", NUMBERS.slice(1), { received: 9, lost: 1, lostSequences: [101] }],
    ["the last missing", NUMBERS.slice(0, -1), { received: 9, lost: 1, lostSequences: [119] }],
    ["one again at once", [10, 10, ...NUMBERS.slice(1)], { twice: 1 }],
    ["one again later", [...NUMBERS, 12], { twice: 1 }],
    ["two exchanged", [11, 10, ...NUMBERS.slice(2)], { outOfOrder: 1 }],
    ["one of a round before", [9, ...NUMBERS], { twice: 1 }],
    ["one that nobody stored", [...NUMBERS, 20], { phantom: 1 }],
    ["one much too late", [...NUMBERS.slice(1), 10], { outOfOrder: 1 }],
  ])("finds %s", (_, numbers, expected) => {
    expect(find(...numbers)).toEqual({ ...CLEAN, ...expected });
  });

  test("goes by the order of the stream, not by that of the numbers", () => {
    const truth = prepareTruth({ channel: "chat.r0", numbers: [2, 1], sequences: [5, 6] }, 0);
    expect(audit(truth, logOf([2, 1]))).toMatchObject({ outOfOrder: 0, received: 2 });
    expect(audit(truth, logOf([1, 2]))).toMatchObject({ outOfOrder: 1 });
  });

  test("excuses what a reset says is missing, and no more", () => {
    // 13 is at sequence 107.
    expect(find(10, { reset: 107 }, ...NUMBERS.slice(4))).toMatchObject({ lost: 0, excused: 3 });
    expect(find(10, { reset: 106 }, ...NUMBERS.slice(4))).toMatchObject({ lost: 1, excused: 2 });
    expect(find(10, 12, { reset: 107 }, ...NUMBERS.slice(4))).toMatchObject({ lost: 1, excused: 1 });
    expect(find(10, { reset: 119 }, 13, ...NUMBERS.slice(5))).toMatchObject({ lost: 1, excused: 2 });
  });

  test("excuses up to the next message after a reset that does not say how far", () => {
    expect(find(10, { reset: undefined }, ...NUMBERS.slice(4))).toMatchObject({ lost: 0, excused: 3 });
    expect(find(10, { reset: undefined })).toMatchObject({ lost: 0, excused: 9 });
  });

  test("accounts for each message of the stream exactly once, whatever came", () => {
    const step = fc.oneof(
      fc.integer({ min: 8, max: 22 }),
      fc.record({ reset: fc.option(fc.integer({ min: 99, max: 122 }), { nil: undefined }) }),
    );
    fc.assert(
      fc.property(fc.array(step), (steps) => {
        const finding = find(...steps);
        const messages = steps.filter((one) => typeof one === "number");
        expect(finding.received + finding.lost + finding.excused).toBe(finding.expected);
        expect(finding.received + finding.twice + finding.phantom).toBe(messages.length);
        expect(isComplete(TRUTH, logOf(steps))).toBe(finding.received === finding.expected);
      }),
    );
  });
});
