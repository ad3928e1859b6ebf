import { strict as assert } from "node:assert";
import {
  range,
  receive,
  receiveData,
  receiveNothing,
  receiveReset,
  refused,
  type TransportContext,
} from "../context.ts";
import { onEveryTransport, type Scenario } from "../scenario.ts";
import { CLOSED_CHANNEL } from "../target.ts";
import { type Arrival, isWebSocket, Refusal, Silence, type Stream } from "../transports/transport.ts";

const MALFORMED = [
  "x",
  "-",
  ".",
  "0",
  "k3j9x0ab",
  "k3j9x0ab-",
  "k3j9x0ab-01",
  "K3J9X0AB-1",
  "k3j9x0ab-1.",
  "c".repeat(128),
];
/** No transport can carry these unescaped in a header; they come by a parameter or a message. */
const LONG = "k3j9x0ab-1.".repeat(100);

/** Continuity is gone, and told; what is published from then on comes, and a cursor to go on from. */
async function resetsWith(context: TransportContext, cursor: string, reason: string): Promise<void> {
  const channel = context.channel("reset");
  const stream = await context.subscribe([channel], cursor);
  assert.deepEqual(await receiveReset(stream), { kind: "reset", channel, reason });
  await goesOn(context, channel, stream);
}

async function goesOn(context: TransportContext, channel: string, stream: Stream): Promise<void> {
  await context.publish(channel, { data: "after the reset" });
  assert.deepEqual(await receiveData(stream, 1), ["after the reset"]);
  const position = stream.position();
  await stream.close();
  await context.publish(channel, { data: "while away" });
  const resumed = await context.subscribe([channel], position);
  assert.deepEqual(await receiveData(resumed, 1), ["while away"]);
  await receiveNothing(resumed);
  await resumed.close();
}

/** What comes within a moment. */
async function arrivals(stream: Stream, count: number): Promise<readonly Arrival[]> {
  const got: Arrival[] = [];
  try {
    while (got.length < count) {
      got.push(await stream.next(200));
    }
  } catch (error) {
    if (!(error instanceof Silence)) {
      throw error;
    }
  }
  return got;
}

export const CURSORS: readonly Scenario[] = [
  onEveryTransport("what is no cursor is refused", async (context) => {
    const channel = context.channel();
    const malformed = context.transport.name === "sse" ? MALFORMED : [...MALFORMED, " ", "\u00e9", LONG];
    for (const cursor of malformed) {
      if (context.transport.name === "sse") {
        const stream = await context.subscribe([channel], cursor);
        assert.deepEqual(await receiveReset(stream), { kind: "reset", channel, reason: "epoch" }, cursor);
        await goesOn(context, channel, stream);
        context.differs("an EventSource gets a reset, since an error would end it for good");
      } else {
        const code = isWebSocket(context.transport) && cursor === LONG ? "invalid_field" : "cursor_invalid";
        await refused(() => context.subscribe([channel], cursor), code);
      }
    }
  }),

  onEveryTransport(
    "a cursor of another life of the store, or of another deployment, is a reset",
    async (context) => {
      const [cursor = ""] = await context.publishEach(context.channel("other"), [1]);
      await resetsWith(context, "zzzzzzz0-5", "epoch");
      await resetsWith(context, cursor.replace(/^[^-]*/, "zzzzzzz0"), "epoch");
    },
  ),

  onEveryTransport("a cursor from the future is a reset", async (context) => {
    const [cursor = ""] = await context.publishEach(context.channel("other"), [1]);
    await resetsWith(context, cursor.replace(/-.*$/, "-2gosa7pa2gv"), "future");
    await resetsWith(context, cursor.replace(/-.*$/, "-zzzzzzzz"), "future");
  }),

  onEveryTransport(
    "a cursor behind which messages are no longer kept is a reset",
    async (context) => {
      const channel = context.channel("reset");
      const kept = context.target.messagesPerChannel ?? 0;
      const cursors = await context.publishEach(channel, range(1, kept + 5));
      await resetsWith(context, String(cursors[0]), "expired");
    },
    ({ messagesPerChannel }) => (messagesPerChannel === undefined ? "--messages-per-channel" : undefined),
  ),

  onEveryTransport(
    "a cut cursor is refused, a reset or a place, and no way into other channels",
    async (context) => {
      const channel = context.channel("mine");
      const cursors = await context.publishEach(channel, range(1, 3));
      await context.publishEach(context.channel("other"), range(4, 6));
      const whole = String(cursors[1]);
      for (let length = 1; length < whole.length; length += 1) {
        const cut = whole.slice(0, length);
        try {
          const stream = await context.subscribe([channel], cut);
          for (const arrival of await arrivals(stream, 3)) {
            assert.equal(
              arrival.kind === "message" ? arrival.message.channel : arrival.channel,
              channel,
              cut,
            );
          }
          await stream.close();
        } catch (error) {
          assert.ok(error instanceof Refusal && error.code === "cursor_invalid", `${cut}: ${String(error)}`);
        }
      }
    },
  ),

  onEveryTransport("a forged place shows nothing but the channels that are granted", async (context) => {
    const channel = context.channel("mine");
    const [cursor = ""] = await context.publishEach(context.channel("other"), ["not for this client"]);
    await context.publishEach(channel, ["mine"]);
    const forged = cursor.replace(/-.*$/, "-0");
    const stream = await context.subscribe([channel], forged);
    const got = await arrivals(stream, 2);
    for (const arrival of got) {
      assert.equal(arrival.kind === "message" ? arrival.message.channel : arrival.channel, channel);
    }
    assert.ok(got.length > 0, "neither a reset nor messages");
    await refused(() => context.subscribe([CLOSED_CHANNEL], forged), "forbidden");
  }),

  onEveryTransport(
    "the cursors of other channels' messages neither fail nor bring these",
    async (context) => {
      const [first, second] = ["a", "b"].map((name) => context.channel(name));
      const [cursor = ""] = await context.publishEach(String(first), [1]);
      await context.publishEach(String(second), [2]);
      const stream = await context.subscribe([String(second)], cursor);
      const [message] = await receive(stream, 1);
      assert.deepEqual([message?.channel, message?.data], [second, 2]);
      await receiveNothing(stream);
    },
  ),
];
