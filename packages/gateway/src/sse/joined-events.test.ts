import { setImmediate as turn } from "node:timers/promises";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { JoinedEvents } from "./joined-events.ts";

const MOST_BYTES = 65_536;

function eventsOf(sizes: readonly number[]): readonly { readonly bytes: Uint8Array }[] {
  return sizes.map((size, index) => ({ bytes: Buffer.alloc(size, index % 256) }));
}

describe("joined events", () => {
  it("are all events in order, in pieces that cannot be fewer", () => {
    const size = fc.oneof(fc.integer({ min: 1, max: 2_000 }), fc.integer({ min: 1, max: 100_000 }));
    fc.assert(
      fc.property(fc.array(size, { maxLength: 80 }), (sizes) => {
        const events = eventsOf(sizes);
        const pieces = new JoinedEvents().of(events);
        const joined = Buffer.concat(events.map(({ bytes }) => bytes));
        expect(Buffer.concat(pieces.map(({ bytes }) => bytes)).equals(joined)).toBe(true);
        expect(pieces.reduce((sum, { count }) => sum + count, 0)).toBe(events.length);
        for (const [index, piece] of pieces.entries()) {
          expect(piece.count === 1 || piece.bytes.byteLength <= MOST_BYTES).toBe(true);
          const next = pieces[index + 1];
          const last = pieces.slice(0, index + 1).reduce((sum, { count }) => sum + count, 0);
          if (next !== undefined) {
            expect(piece.bytes.byteLength + (sizes[last] ?? 0)).toBeGreaterThan(MOST_BYTES);
          }
        }
      }),
      { numRuns: 200 },
    );
  });

  it("are joined once for streams that have lists of their own, also where others take turns with them", () => {
    const joined = new JoinedEvents();
    const [first, second, third] = eventsOf([10, 20, 30]);
    if (first === undefined || second === undefined || third === undefined) {
      throw new TypeError("there are three");
    }
    const one = joined.of([first, second]);
    const other = joined.of([second, third]);
    expect(joined.of([first, second])).toBe(one);
    expect(joined.of([second, third])).toBe(other);
    const bytesOf = (events: Parameters<JoinedEvents["of"]>[0]): number =>
      joined.of(events).reduce((sum, { bytes }) => sum + bytes.byteLength, 0);
    // As long, or ending in the same, and yet not the same.
    expect([bytesOf([second]), bytesOf([third, second]), bytesOf([]), bytesOf([first])]).toStrictEqual([
      20, 50, 0, 10,
    ]);
    expect(joined.of([first])[0]?.bytes).toBe(first.bytes);
  });

  it("are joined once for all streams that get them, and not kept", async () => {
    const joined = new JoinedEvents();
    const events = eventsOf([10, 20]);
    const first = joined.of(events);
    expect(joined.of(events)).toBe(first);
    await turn();
    expect(joined.of([...events])).not.toBe(first);
    expect(joined.of(events)).not.toBe(first);
  });
});
