import { beforeAll, describe, expect, it } from "vitest";
import { allocatedBytes } from "../../testing/allocated-bytes.ts";
import { type FakeNode, fakeNode, identity } from "../../testing/fake-node.ts";
import { turns } from "../../testing/turns.ts";
import { Connection } from "../connection/connection.ts";
import type { ResponseStream, WriteOutcome } from "../http/http-exchange.ts";
import type { SendOutcome, Socket } from "../socket.ts";
import { EventStream } from "../sse/event-stream.ts";
import { JoinedEvents } from "../sse/joined-events.ts";
import type { Format } from "./format.ts";
import { LINE_SENT, type Line } from "./line.ts";

const SUBSCRIBERS = 2_000;
const WARM_UP = 100;
const FLUSHES = 150;
/** Of what allocates much, fewer deliveries tell as well, and a sample costs. */
const ORDER_FLUSHES = 30;
/**
 * Less than the smallest array, closure or iterator, which take 32 and more; of a number, V8 may box one now and then, in 16. What
 * a flush allocates for all of them together is up to 4.
 */
const MOST_BYTES = 28;
/**
 * Of a stream of several channels: the list in which their messages wait for each other, which has room for 17 at once, and the one
 * that goes out. Joining them for each stream would take as much again, and the bytes.
 */
const MOST_ORDER_BYTES = 400;

/** A network that takes everything and costs nothing. */
class Sink implements Socket, ResponseStream {
  readonly line: Line = {
    send: () => {
      this.frames += 1;
      return LINE_SENT;
    },
    cork: (write) => write(),
    getBufferedAmount: () => 0,
  };
  frames = 0;

  send(): SendOutcome {
    this.frames += 1;
    return "sent";
  }

  write(): WriteOutcome {
    this.frames += 1;
    return "sent";
  }

  cork(write: () => void): void {
    write();
  }

  bufferedBytes(): number {
    return 0;
  }

  ping(): void {}

  end(): void {}

  cut(): void {}
}

type Subscribe = (node: FakeNode, channels: readonly string[]) => Sink;

function webSockets(format: Format): Subscribe {
  return ({ context, verifier }, channels) => {
    const sink = new Sink();
    const wish = { channels, since: undefined };
    new Connection(context, sink, "n1-boot-1", format, wish, () => {}).begin(verifier.accept("good"));
    return sink;
  };
}

function eventStreams(format: Format): Subscribe {
  const joined = new JoinedEvents();
  return ({ context }, channels) => {
    const sink = new Sink();
    const host = { node: context, joined, reconnectMs: () => 1_000, closed: () => {} };
    new EventStream(host, identity(), "s1").begin(sink, channels, format, undefined);
    return sink;
  };
}

/** Subscribers of the same channels, and a way to publish to them so many messages at once. */
async function crowd(subscribe: Subscribe, channels: readonly string[], payload: Uint8Array) {
  const node = fakeNode();
  const { context, broker } = node;
  const sinks = Array.from({ length: SUBSCRIBERS }, () => subscribe(node, channels));
  await turns();
  // As after weeks.
  context.traffic.bytesOut = 2 ** 40;
  let sequence = 0;
  /** To each channel so many, in turn. */
  const publish = async (messages: number, flushes: number): Promise<void> => {
    for (let flush = 0; flush < flushes; flush += 1) {
      for (let count = 0; count < messages; count += 1) {
        for (const subscription of broker.subscriptions) {
          subscription.message("", { payload, channel: "chat.a" });
        }
        for (const follow of broker.follows) {
          sequence += 1;
          follow.message(sequence, { payload });
        }
      }
      context.hub.flush();
      // What several channels bring to one stream waits for the end of the turn.
      await Promise.resolve();
    }
  };
  return { sinks, publish, traffic: context.traffic };
}

const TEXT = Buffer.from(JSON.stringify({ text: "x".repeat(100) }));
const BYTES = Buffer.alloc(100, 0xff);

describe("a delivery", () => {
  describe.each([
    ["to a subscriber", webSockets("json"), ["chat.a"], TEXT],
    ["to a subscriber of a replayable channel", webSockets("json"), ["feed.a"], TEXT],
    ["to a subscriber of a pattern", webSockets("json"), ["chat.*"], TEXT],
    ["in batches", webSockets("lines"), ["chat.a"], TEXT],
    ["of binary frames", webSockets("json-binary"), ["chat.a"], BYTES],
    ["of raw payloads", webSockets("raw"), ["chat.a"], BYTES],
    ["to an event stream", eventStreams("event"), ["chat.a"], TEXT],
    ["to an event stream of a replayable channel", eventStreams("object-event"), ["feed.a"], TEXT],
    ["to an event stream of several replayable channels", eventStreams("event"), ["feed.a", "feed.b"], TEXT],
  ] as const)("%s", (_what, subscribe, channels, payload) => {
    const [most, flushes] = channels.length === 1 ? [MOST_BYTES, FLUSHES] : [MOST_ORDER_BYTES, ORDER_FLUSHES];
    let all: Awaited<ReturnType<typeof crowd>>;

    beforeAll(async () => {
      all = await crowd(subscribe, channels, payload);
    });

    it.each([1, 3])(`allocates less than ${most} bytes, of %i at once`, async (messages) => {
      const { publish, sinks, traffic } = all;
      await publish(messages, WARM_UP);
      const before = traffic.messagesOut;
      const { bytes, sites } = await allocatedBytes(() => publish(messages, flushes));
      const deliveries = flushes * SUBSCRIBERS;
      expect(traffic.messagesOut - before).toBe(messages * channels.length * deliveries);
      expect(bytes / deliveries, JSON.stringify(sites.slice(0, 5))).toBeLessThan(most);
      expect(sinks.every(({ frames }) => frames >= WARM_UP + flushes)).toBe(true);
    });
  });
});
