import { decodeCursor, encodePosition } from "@tidegate/protocol";
import type { Format } from "../src/fan-out/format.ts";
import { EventStream } from "../src/sse/event-stream.ts";
import { JoinedEvents } from "../src/sse/joined-events.ts";
import { EPOCH, type FakeFollow } from "./fake-follow.ts";
import { type FakeNode, type FakeNodeOptions, fakeNode, identity, POLICIES } from "./fake-node.ts";
import { FakeResponseStream } from "./fake-response-stream.ts";

/** An event stream with everything around it under the control of the test. */
export interface EventStreamFixture extends FakeNode {
  readonly network: FakeResponseStream;
  readonly stream: EventStream;
  readonly closed: () => number;
  /** The tail of one of the channels. */
  follow(channel: string): FakeFollow;
  readonly events: () => readonly (readonly [type: string, data: string, id: string])[];
}

export interface EventStreamOptions extends FakeNodeOptions {
  readonly channels?: readonly string[];
  readonly cursor?: string;
  readonly format?: Format;
  readonly expiresAt?: number;
}

/** `more` is a second namespace with history. */
function policies(): typeof POLICIES {
  const feed = POLICIES.get("feed");
  return feed === undefined ? POLICIES : new Map([...POLICIES, ["more", feed]]);
}

export function fixture({
  channels = ["feed.a"],
  cursor,
  format = "event",
  expiresAt,
  ...options
}: EventStreamOptions = {}): EventStreamFixture {
  const node = fakeNode({ policies: policies(), ...options });
  const network = new FakeResponseStream();
  let closed = 0;
  const host = {
    node: node.context,
    joined: new JoinedEvents(),
    reconnectMs: () => 1_500,
    closed: () => {
      closed += 1;
    },
  };
  const stream = new EventStream(host, identity(expiresAt === undefined ? {} : { expiresAt }), "s1");
  stream.begin(network, channels, format, cursor === undefined ? undefined : decodeCursor(cursor));
  const follow = (channel: string): FakeFollow => {
    const found = node.broker.follows.find(({ target }) => target === channel);
    if (found === undefined) {
      throw new TypeError(`${channel} is not followed`);
    }
    return found;
  };
  const events = (): EventStreamFixture["events"] extends () => infer T ? T : never =>
    network.parser.events.map(({ type, data, lastEventId }) => [type, data, lastEventId]);
  return { ...node, network, stream, closed: () => closed, follow, events };
}

/** The cursor of a place. */
export const at = (sequence: number): string => encodePosition({ epoch: EPOCH, sequence });
