import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  decodeCursor,
  encodeCursor,
  encodePosition,
  isEpoch,
  MAX_CURSOR_BYTES,
  MAX_CURSOR_NAMESPACES,
  type Position,
} from "./cursor.ts";

const DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz";
const epoch = fc.string({ unit: fc.constantFrom(...DIGITS), minLength: 8, maxLength: 8 });
const sequence = fc.oneof(
  fc.nat({ max: Number.MAX_SAFE_INTEGER }),
  fc.constantFrom(0, 1, 35, 36, Number.MAX_SAFE_INTEGER - 1, Number.MAX_SAFE_INTEGER),
);
const positions: fc.Arbitrary<Position[]> = fc.uniqueArray(fc.record({ epoch, sequence }), {
  minLength: 1,
  maxLength: MAX_CURSOR_NAMESPACES,
  selector: (position) => position.epoch,
});

/**
 * The grammar a second time, without the code's regular expressions: `undefined` if the text is no cursor. Numbers as
 * BigInt, so that what is too large for a JavaScript number is seen.
 */
function reference(text: string): ReadonlyMap<string, bigint> | undefined {
  const cursor = new Map<string, bigint>();
  for (const entry of text.split(".")) {
    const [name = "", digits = "", ...rest] = entry.split("-");
    const isBase36 = [...name, ...digits].every((character) => DIGITS.includes(character));
    const isCanonical = digits === "0" || (digits !== "" && !digits.startsWith("0"));
    if (rest.length > 0 || name.length !== 8 || !isBase36 || !isCanonical || cursor.has(name)) {
      return undefined;
    }
    let value = 0n;
    for (const digit of digits) {
      value = value * 36n + BigInt(DIGITS.indexOf(digit));
    }
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) {
      return undefined;
    }
    cursor.set(name, value);
  }
  return cursor.size > MAX_CURSOR_NAMESPACES || text.length > MAX_CURSOR_BYTES ? undefined : cursor;
}

/** A cursor with a few characters replaced, removed, added, or cut off. */
const nearCursor = fc
  .tuple(
    positions,
    fc.array(
      fc.tuple(
        fc.nat(140),
        fc.nat(3),
        fc.string({ unit: fc.constantFrom(...DIGITS, ..."-._A\n\0é"), maxLength: 12 }),
      ),
      { maxLength: 3 },
    ),
  )
  .map(([given, edits]) =>
    edits.reduce(
      (text, [at, removed, added]) => text.slice(0, at) + added + text.slice(at + removed),
      encodeCursor(given),
    ),
  );

describe("encodeCursor and decodeCursor", () => {
  it("give back every position", () => {
    fc.assert(
      fc.property(positions, (given) => {
        expect(decodeCursor(encodeCursor(given))).toStrictEqual(
          new Map(given.map((position) => [position.epoch, position.sequence])),
        );
      }),
      { numRuns: 1_000 },
    );
  });

  it("give equal positions equal cursors, in whatever order, and no others", () => {
    fc.assert(
      fc.property(positions, fc.infiniteStream(fc.nat()), positions, (given, keys, others) => {
        const shuffled = given
          .map((position) => ({ position, key: keys.next().value ?? 0 }))
          .sort((first, second) => first.key - second.key)
          .map(({ position }) => position);
        expect(encodeCursor(shuffled)).toBe(encodeCursor(given));
        const same = new Map(given.map((position) => [position.epoch, position.sequence]));
        const isSame =
          others.length === given.length && others.every((other) => same.get(other.epoch) === other.sequence);
        expect(encodeCursor(others) === encodeCursor(given)).toBe(isSame);
      }),
    );
  });

  it("keep to what passes as Last-Event-ID without a preflight, an address and a header unescaped", () => {
    fc.assert(
      fc.property(positions, (given) => {
        const text = encodeCursor(given);
        expect(text).toMatch(/^[A-Za-z0-9._-]+$/);
        expect(text.length).toBeLessThanOrEqual(MAX_CURSOR_BYTES);
        expect(encodeURIComponent(text)).toBe(text);
      }),
    );
  });

  it("stay within the limit at the largest sequences, which is why there are no more namespaces", () => {
    const largest = (count: number): string =>
      encodeCursor(
        Array.from({ length: count }, (_, index) => ({
          epoch: `abcdefg${index}`,
          sequence: Number.MAX_SAFE_INTEGER,
        })),
      );
    expect(largest(MAX_CURSOR_NAMESPACES).length).toBeLessThanOrEqual(MAX_CURSOR_BYTES);
    expect(largest(MAX_CURSOR_NAMESPACES + 1).length).toBeGreaterThan(MAX_CURSOR_BYTES);
  });
});

describe("decodeCursor", () => {
  it("accepts a cursor if and only if it follows the grammar, never throws, and reads what it says", () => {
    fc.assert(
      fc.property(fc.oneof(nearCursor, fc.string({ unit: "binary", maxLength: 200 })), (text) => {
        const decoded = decodeCursor(text);
        const expected = reference(text);
        expect(decoded === undefined).toBe(expected === undefined);
        if (decoded !== undefined) {
          expect(new Map([...decoded].map(([name, value]) => [name, BigInt(value)]))).toStrictEqual(expected);
        }
      }),
      { numRuns: 5_000 },
    );
  });

  it("accepts exactly what encodeCursor gives, up to the order of entries", () => {
    fc.assert(
      fc.property(nearCursor, (text) => {
        const decoded = decodeCursor(text);
        if (decoded !== undefined) {
          const again = encodeCursor([...decoded].map(([name, value]) => ({ epoch: name, sequence: value })));
          expect(again.split(".")).toStrictEqual(text.split(".").sort());
        }
      }),
      { numRuns: 2_000 },
    );
  });

  it.each([
    ["nothing", ""],
    ["a bare epoch", "k3j9x0ab"],
    ["an empty sequence", "k3j9x0ab-"],
    ["a short epoch", "k3j9x0a-1"],
    ["a long epoch", "k3j9x0abc-1"],
    ["capitals", "K3J9X0AB-1"],
    ["a leading zero", "k3j9x0ab-01"],
    ["a sign", "k3j9x0ab--1"],
    ["a fraction", "k3j9x0ab-1.5"],
    ["a sequence beyond 2^53 - 1", "k3j9x0ab-2gosa7pa2gw"],
    ["a sequence of too many digits", "k3j9x0ab-zzzzzzzzzzzz"],
    ["one epoch twice", "k3j9x0ab-1.k3j9x0ab-2"],
    ["the same entry twice", "k3j9x0ab-1.k3j9x0ab-1"],
    ["a dot at the end", "k3j9x0ab-1."],
    ["a dot at the front", ".k3j9x0ab-1"],
    ["two dots", "k3j9x0ab-1..abcdefgh-1"],
    ["white space", " k3j9x0ab-1"],
    ["a line break at the end", "k3j9x0ab-1\n"],
    ["a NUL", "k3j9x0ab-1\0"],
    ["digits of another script", "k3j9x0ab-\u0661"],
    ["a comma", "k3j9x0ab-1,abcdefgh-1"],
    ["too many namespaces", [..."abcdefg"].map((letter) => `${letter.repeat(8)}-1`).join(".")],
    ["too much text", "k3j9x0ab-1.".repeat(1_000)],
  ])("refuses %s", (_what, text) => {
    expect(decodeCursor(text)).toBeUndefined();
  });

  it("takes the largest sequence as it is", () => {
    expect(decodeCursor("k3j9x0ab-2gosa7pa2gv")?.get("k3j9x0ab")).toBe(Number.MAX_SAFE_INTEGER);
  });
});

describe("encodePosition", () => {
  it("is the cursor of one position", () => {
    fc.assert(
      fc.property(fc.record({ epoch, sequence }), (position) => {
        expect(encodePosition(position)).toBe(encodeCursor([position]));
      }),
    );
  });
});

describe("isEpoch", () => {
  it("holds for what can stand in a cursor", () => {
    fc.assert(
      fc.property(fc.oneof(epoch, fc.string({ maxLength: 10 })), (text) => {
        expect(isEpoch(text)).toBe(decodeCursor(`${text}-1`)?.get(text) === 1);
      }),
    );
  });
});
