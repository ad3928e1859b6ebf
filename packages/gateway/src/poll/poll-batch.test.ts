import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Frame } from "../fan-out/format.ts";
import type { ReaderItem } from "../http/reader-item.ts";
import { pollBatch } from "./poll-batch.ts";

const frame = (sequence: number, bytes = 10): Frame => ({
  bytes: Buffer.alloc(bytes, "x"),
  binary: false,
  sequence,
  messages: 1,
});
const RESET: ReaderItem = { reset: { channel: "feed.a", reason: "expired" }, sequence: 0 };

const sequences = (frames: readonly Frame[]): number[] => frames.map(({ sequence }) => sequence);

describe("pollBatch", () => {
  it("takes everything that fits, without a cut", () => {
    const batch = pollBatch(new Map([["feed", [frame(1), frame(4)]]]), [frame(0)], 10, 1_000);
    expect(sequences(batch.frames)).toStrictEqual([1, 4, 0]);
    expect(batch.cuts.size).toBe(0);
  });

  it("cuts behind as many messages as may be", () => {
    const batch = pollBatch(new Map([["feed", [frame(1), frame(4), frame(6)]]]), [], 2, 1_000);
    expect(sequences(batch.frames)).toStrictEqual([1, 4]);
    expect([...batch.cuts]).toStrictEqual([["feed", 4]]);
  });

  it("cuts before too many bytes, but holds one message whatever its size", () => {
    expect([...pollBatch(new Map([["feed", [frame(1), frame(2, 95)]]]), [], 10, 100).cuts]).toStrictEqual([
      ["feed", 1],
    ]);
    expect(sequences(pollBatch(new Map([["feed", [frame(1, 5_000)]]]), [], 10, 100).frames)).toStrictEqual([
      1,
    ]);
  });

  it("lets namespaces take turns", () => {
    const read = new Map([
      ["feed", [frame(1), frame(2), frame(3)]],
      ["more", [frame(11), frame(12)]],
    ]);
    const batch = pollBatch(read, [], 4, 1_000);
    expect(sequences(batch.frames)).toStrictEqual([1, 11, 2, 12]);
    expect([...batch.cuts]).toStrictEqual([["feed", 2]]);
  });

  it("names a namespace of which nothing fitted", () => {
    const read = new Map([
      ["feed", [frame(1)]],
      ["more", [frame(11)]],
    ]);
    expect([...pollBatch(read, [], 1, 1_000).cuts]).toStrictEqual([["more", 0]]);
  });

  it("does not part what two patterns brought", () => {
    const batch = pollBatch(new Map([["feed", [frame(1), frame(2), frame(2), frame(3)]]]), [], 2, 1_000);
    expect(sequences(batch.frames)).toStrictEqual([1, 2, 2]);
    expect([...batch.cuts]).toStrictEqual([["feed", 2]]);
  });

  it("tells resets before messages, and leaves one behind messages to the next poll", () => {
    const batch = pollBatch(new Map([["feed", [RESET, frame(1), RESET, frame(9)]]]), [], 10, 1_000);
    expect(batch.resets).toHaveLength(1);
    expect(sequences(batch.frames)).toStrictEqual([1]);
    expect([...batch.cuts]).toStrictEqual([["feed", 1]]);
  });

  it("takes a prefix of each namespace, whatever there is", () => {
    const part = fc
      .array(fc.record({ step: fc.nat({ max: 3 }), bytes: fc.integer({ min: 1, max: 60 }) }), {
        maxLength: 30,
      })
      .map((items) => {
        let sequence = 1;
        return items.map(({ step, bytes }) => {
          sequence += step;
          return frame(sequence, bytes);
        });
      });
    fc.assert(
      fc.property(
        fc.tuple(part, part, part),
        fc.integer({ min: 1, max: 40 }),
        fc.integer({ min: 1, max: 500 }),
        (parts, limit, maxBytes) => {
          const read = new Map(parts.map((items, index) => [`n${index}`, items]));
          const { frames, cuts } = pollBatch(read, [], limit, maxBytes);
          for (const [name, items] of read) {
            const taken = items.filter((item) => frames.includes(item));
            expect(taken).toStrictEqual(items.slice(0, taken.length));
            const cut = cuts.get(name);
            expect(cut === undefined).toBe(taken.length === items.length);
            if (cut !== undefined) {
              expect(items.filter(({ sequence }) => sequence <= cut)).toStrictEqual(taken);
            }
          }
          expect(frames.length > 0).toBe(parts.some((items) => items.length > 0));
          const distinct = new Set(
            frames.map((item) => `${parts.findIndex((items) => items.includes(item))}:${item.sequence}`),
          );
          expect(distinct.size).toBeLessThanOrEqual(limit);
        },
      ),
    );
  });
});
