import fc from "fast-check";
import { expect, test } from "vitest";
import { ByteQueue } from "./byte-queue.ts";

test("what is pushed and not dropped is there, in order", () => {
  const push = fc.uint8Array({ maxLength: 6000 }).map((bytes) => ({ push: bytes }));
  const drop = fc.nat(6000).map((length) => ({ drop: length }));
  fc.assert(
    fc.property(fc.array(fc.oneof(push, drop)), (steps) => {
      const queue = new ByteQueue();
      let expected = Buffer.alloc(0);
      for (const step of steps) {
        if ("push" in step) {
          queue.push(step.push);
          expected = Buffer.concat([expected, step.push]);
        } else {
          const length = Math.min(step.drop, expected.length);
          queue.drop(length);
          expected = expected.subarray(length);
        }
        expect(queue.bytes.equals(expected)).toBe(true);
      }
    }),
    { numRuns: 50 },
  );
});
