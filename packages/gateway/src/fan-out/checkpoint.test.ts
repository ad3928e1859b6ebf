import { decodeCursor } from "@tidegate/protocol";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { checkpointOf } from "./checkpoint.ts";

const channel = fc.record({
  epoch: fc.constantFrom("aaaaaaaa", "bbbbbbbb", "cccccccc"),
  position: fc.nat({ max: 6 }),
  last: fc.nat({ max: 6 }),
});

describe("checkpointOf", () => {
  it("is a place with everything before it delivered and nothing behind it, for every channel, or there is none", () => {
    fc.assert(
      fc.property(fc.array(channel, { maxLength: 5 }), (channels) => {
        const text = checkpointOf(
          channels.map(({ epoch, position, last }) => ({
            lastSequence: last,
            checkpoint: () => ({ epoch, sequence: position }),
          })),
        );
        const cursor = text === undefined ? undefined : decodeCursor(text);
        const fits = (at: ReadonlyMap<string, number>): boolean =>
          channels.every(({ epoch, position, last }) => {
            const sequence = at.get(epoch) ?? Number.NaN;
            return sequence <= position && last <= sequence;
          });
        if (cursor === undefined) {
          const lowest = new Map<string, number>();
          for (const { epoch, position } of channels) {
            lowest.set(epoch, Math.min(position, lowest.get(epoch) ?? position));
          }
          expect(channels.length === 0 || !fits(lowest)).toBe(true);
        } else {
          expect(fits(cursor)).toBe(true);
          expect([...cursor.keys()].sort()).toStrictEqual(
            [...new Set(channels.map(({ epoch }) => epoch))].sort(),
          );
        }
      }),
      { numRuns: 1_000 },
    );
  });

  it("asks every channel first, since that delivers what is held back", () => {
    const log: string[] = [];
    const channels = ["a", "b"].map((name) => ({
      lastSequence: 0,
      checkpoint: () => {
        log.push(name);
        return { epoch: "aaaaaaaa", sequence: 1 };
      },
    }));
    expect(checkpointOf(channels)).toBe("aaaaaaaa-1");
    expect(log).toStrictEqual(["a", "b"]);
  });

  it("needs to know where every channel stands", () => {
    const unknown = { lastSequence: 0, checkpoint: () => undefined };
    expect(checkpointOf([unknown])).toBeUndefined();
  });
});
