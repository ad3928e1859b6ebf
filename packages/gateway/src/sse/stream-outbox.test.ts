import fc from "fast-check";
import { beforeEach, describe, expect, it } from "vitest";
import { FakeResponseStream } from "../../testing/fake-response-stream.ts";
import { StreamOutbox } from "./stream-outbox.ts";

const NOW = 1_800_000_000_000;
const COMMENT = ":\n\n";

let stream: FakeResponseStream;
let clock: number;
let outbox: StreamOutbox;
beforeEach(() => {
  stream = new FakeResponseStream();
  clock = NOW;
  outbox = new StreamOutbox(stream, () => clock);
});

const event = (text: string): Buffer => Buffer.from(`data: ${text}\n\n`);

describe("StreamOutbox", () => {
  it("sends at once, and joins what goes out together", () => {
    outbox.push(event("a"));
    outbox.pushAll([event("b"), event("c")]);
    expect(stream.chunks).toStrictEqual(["data: a\n\n", "data: b\n\ndata: c\n\n"]);
  });

  it("asks after a while whether the last write has gone out, and then not again", () => {
    outbox.push(event("a"));
    expect(outbox.probeAt).toBe(NOW + 7_000);
    clock += 7_000;
    outbox.probe();
    expect(stream.chunks.at(-1)).toBe(COMMENT);
    expect(outbox.probeAt).toBe(Number.POSITIVE_INFINITY);
    expect(outbox.waitingBytes).toBe(COMMENT.length);
  });

  it("keeps what comes while the client does not read, and counts it", () => {
    stream.reading = false;
    outbox.push(event("a"));
    outbox.push(event("b"));
    outbox.pushAll([event("c"), event("d")]);
    expect(stream.chunks).toStrictEqual(["data: a\n\n"]);
    expect(outbox.waitingBytes).toBe(4 * event("x").length);
    expect(outbox.isBlocked).toBe(true);
    expect(outbox.stuckSince).toBe(NOW);
  });

  it("sends on when everything before has gone out", () => {
    stream.reading = false;
    outbox.push(event("a"));
    outbox.push(event("b"));
    outbox.push(event("c"));
    clock += 500;
    outbox.writable();
    expect(stream.chunks).toStrictEqual(["data: a\n\n", COMMENT]);
    expect(outbox.stuckSince).toBe(NOW + 500);
    stream.reading = true;
    outbox.writable();
    expect(stream.chunks).toStrictEqual(["data: a\n\n", COMMENT, COMMENT, "data: b\n\ndata: c\n\n"]);
    expect(outbox.isBlocked).toBe(false);
    expect(outbox.waitingBytes).toBe(2 * event("x").length);
  });

  it("goes on asking a client that is stuck, so that the transport does not give it up", () => {
    stream.reading = false;
    outbox.push(event("a"));
    for (let round = 1; round <= 3; round += 1) {
      expect(outbox.probeAt).toBe(NOW + round * 7_000);
      clock = outbox.probeAt;
      outbox.probe();
      expect(stream.chunks).toHaveLength(1 + round);
      expect(outbox.stuckSince).toBe(NOW);
    }
  });

  it("hands over what waits in pieces, and stops when one is not taken", () => {
    stream.reading = false;
    outbox.push(event("a"));
    const large = event("x".repeat(40_000));
    outbox.pushAll([large, large, large]);
    stream.reading = true;
    const write = stream.write.bind(stream);
    stream.write = (chunk) => {
      const outcome = write(chunk);
      stream.reading = chunk.byteLength < 1_000;
      return outcome;
    };
    outbox.writable();
    expect(stream.chunks.map(({ length }) => length)).toStrictEqual([9, 3, large.length, large.length]);
    expect(outbox.isBlocked).toBe(true);
    expect(outbox.waitingBytes).toBe(16_384 + 2 * large.length);
  });

  it("ends in order if nothing waits here, else at once", () => {
    outbox.push(event("a"));
    outbox.end();
    expect(stream.ending).toBe("ended");
    const other = new FakeResponseStream();
    other.reading = false;
    const full = new StreamOutbox(other, () => clock);
    full.push(event("a"));
    full.push(event("b"));
    full.end();
    expect(other.ending).toBe("cut");
    expect(full.waitingBytes).toBe(0);
  });

  it("sends nothing after its end", () => {
    outbox.cut();
    outbox.push(event("a"));
    outbox.pushAll([event("b"), event("c")]);
    outbox.probe();
    outbox.writable();
    outbox.end();
    expect(stream).toMatchObject({ ending: "cut", chunks: [] });
    expect(outbox.probeAt).toBe(Number.POSITIVE_INFINITY);
  });

  it("sends everything once and in order, however the client reads", () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.oneof(
            fc.integer({ min: 1, max: 4 }).map((count) => ({ kind: "push" as const, count })),
            fc.boolean().map((reading) => ({ kind: "reading" as const, reading })),
            fc.constant({ kind: "writable" as const }),
            fc.constant({ kind: "probe" as const }),
          ),
        ),
        (steps) => {
          const network = new FakeResponseStream();
          const queue = new StreamOutbox(network, () => clock);
          let next = 0;
          let bytes = 0;
          for (const step of steps) {
            switch (step.kind) {
              case "push": {
                const events = Array.from({ length: step.count }, () => event(String(next++)));
                bytes += events.reduce((sum, { length }) => sum + length, 0);
                queue.pushAll(events);
                break;
              }
              case "reading":
                network.reading = step.reading;
                break;
              case "writable":
              case "probe":
                queue[step.kind]();
                break;
            }
            const sent = network.text.replaceAll(COMMENT, "").length;
            expect(queue.waitingBytes).toBeGreaterThanOrEqual(bytes - sent);
          }
          network.reading = true;
          queue.writable();
          expect(network.parser.events.map(({ data }) => Number(data))).toStrictEqual(
            Array.from({ length: next }, (_, index) => index),
          );
        },
      ),
    );
  });
});
