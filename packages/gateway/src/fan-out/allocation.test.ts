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

const SUBSCRIBERS = 2_000;
const WARM_UP = 100;
const FLUSHES = 150;
/**
 * Less than the smallest array, closure or iterator, which take 32 and more; of a number, V8 may box one now and then, in 16. What
 * a flush allocates for all of them together is up to 4.
 */
const MOST_BYTES = 28;

/** A network that takes everything and costs nothing. */
class Sink implements Socket, ResponseStream {
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

type Subscribe = (node: FakeNode, channel: string) => Sink;

function webSockets(format: Format): Subscribe {
  return ({ context, verifier }, channel) => {
    const sink = new Sink();
    const wish = { channels: [channel], since: undefined };
    new Connection(context, sink, "n1-boot-1", format, wish, () => {}).begin(verifier.accept("good"));
    return sink;
  };
}

function eventStreams(format: Format): Subscribe {
  const joined = new JoinedEvents();
  return ({ context }, channel) => {
    const sink = new Sink();
    const host = { node: context, joined, reconnectMs: () => 1_000, closed: () => {} };
    new EventStream(host, identity()).begin(sink, [channel], format, undefined);
    return sink;
  };
}

/** Subscribers of one channel, and a way to publish to them so many messages at once. */
async function crowd(subscribe: Subscribe, channel: string, payload: Uint8Array) {
  const node = fakeNode();
  const { context, broker } = node;
  const sinks = Array.from({ length: SUBSCRIBERS }, () => subscribe(node, channel));
  await turns();
  // As after weeks.
  context.traffic.bytesOut = 2 ** 40;
  let sequence = 0;
  const publish = (messages: number): void => {
    for (let count = 0; count < messages; count += 1) {
      const [subscription] = broker.subscriptions;
      if (subscription === undefined) {
        sequence += 1;
        broker.lastFollow.message(sequence, { payload, channel: "feed.a" });
      } else {
        subscription.message("", { payload, channel: "chat.a" });
      }
    }
    context.hub.flush();
  };
  return { sinks, publish, traffic: context.traffic };
}

const TEXT = Buffer.from(JSON.stringify({ text: "x".repeat(100) }));
const BYTES = Buffer.alloc(100, 0xff);

describe("a delivery", () => {
  describe.each([
    ["to a subscriber", webSockets("json"), "chat.a", TEXT],
    ["to a subscriber of a replayable channel", webSockets("json"), "feed.a", TEXT],
    ["to a subscriber of a pattern", webSockets("json"), "chat.*", TEXT],
    ["in batches", webSockets("lines"), "chat.a", TEXT],
    ["of binary frames", webSockets("json-binary"), "chat.a", BYTES],
    ["of raw payloads", webSockets("raw"), "chat.a", BYTES],
    ["to an event stream", eventStreams("event"), "chat.a", TEXT],
    ["to an event stream of a replayable channel", eventStreams("object-event"), "feed.a", TEXT],
  ] as const)("%s", (_what, subscribe, channel, payload) => {
    let all: Awaited<ReturnType<typeof crowd>>;

    beforeAll(async () => {
      all = await crowd(subscribe, channel, payload);
    });

    it.each([1, 3])("allocates nothing, of %i at once", async (messages) => {
      const { publish, sinks, traffic } = all;
      for (let flush = 0; flush < WARM_UP; flush += 1) {
        publish(messages);
      }
      const before = traffic.messagesOut;
      const { bytes, sites } = await allocatedBytes(() => {
        for (let flush = 0; flush < FLUSHES; flush += 1) {
          publish(messages);
        }
      });
      const deliveries = FLUSHES * SUBSCRIBERS;
      expect(traffic.messagesOut - before).toBe(messages * deliveries);
      expect(bytes / deliveries, JSON.stringify(sites.slice(0, 5))).toBeLessThan(MOST_BYTES);
      expect(sinks.every(({ frames }) => frames > FLUSHES)).toBe(true);
    });
  });
});
