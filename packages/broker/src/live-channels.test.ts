import { describe, expect, it } from "vitest";
import { FakeNats } from "../testing/fake-nats.ts";
import { resolveBrokerOptions } from "./broker-options.ts";
import { Confirmations } from "./confirmations.ts";
import { Faults } from "./faults.ts";
import { HeaderReader } from "./header-reader.ts";
import { Link } from "./link.ts";
import { LiveChannels } from "./live-channels.ts";

const OPTIONS = resolveBrokerOptions({ servers: ["n1"], name: "n" });
const DISCONNECT = { type: "disconnect", server: "n1" } as const;
const RECONNECT = { type: "reconnect", server: "n1" } as const;

function create() {
  const nats = new FakeNats();
  const faults = new Faults(OPTIONS.onError);
  const link = new Link(nats.connection, OPTIONS, faults);
  const confirmations = new Confirmations(link);
  const live = new LiveChannels({
    link,
    confirmations,
    faults,
    reader: new HeaderReader(),
    subjectPrefix: OPTIONS.subjectPrefix,
    lingerMs: OPTIONS.lingerMs,
  });
  const interruptions: string[] = [];
  live.onInterruption(() => interruptions.push(link.state));
  return { nats, link, live, interruptions };
}

function subscribe(live: LiveChannels, target: string) {
  const log: string[] = [];
  const subscription = live.subscribe(
    target,
    () => {},
    ({ code }) => log.push(code),
  );
  subscription.ready.then(
    () => log.push("ready"),
    ({ code }) => log.push(`not ready: ${code}`),
  );
  return { subscription, log };
}

const nextTick = () => new Promise((resolve) => setImmediate(resolve));

/** Lets the oldest round trip that is not answered yet come back. */
async function answer(nats: FakeNats, index: number): Promise<void> {
  nats.flushes[index]?.resolve();
  await nextTick();
}

describe("LiveChannels", () => {
  it("is ready only when the server has answered, and at once for what is confirmed already", async () => {
    const { nats, live } = create();
    const first = subscribe(live, "a");
    await nextTick();
    expect(nats.subjects).toEqual(["rt.a"]);
    expect(first.log).toEqual([]);
    await answer(nats, 0);
    expect(first.log).toEqual(["ready"]);
    const second = subscribe(live, "a");
    await nextTick();
    expect(second.log).toEqual(["ready"]);
    expect(nats.flushes).toHaveLength(1);
  });

  it("confirms a subscription again that is joined after a reconnect", async () => {
    const { nats, live } = create();
    subscribe(live, "a");
    await nextTick();
    await answer(nats, 0);
    await nats.emit(DISCONNECT, RECONNECT);
    const joining = subscribe(live, "a");
    await nextTick();
    expect(joining.log).toEqual([]);
    nats.flushes.forEach((flush) => {
      flush.resolve();
    });
    await nextTick();
    expect(joining.log).toEqual(["ready"]);
    expect(nats.subjects).toEqual(["rt.a"]);
  });

  it("tells of an interruption only when the subscriptions are confirmed again", async () => {
    const { nats, interruptions } = create();
    await nats.emit(DISCONNECT);
    expect(nats.flushes).toHaveLength(0);
    await nats.emit(RECONNECT);
    await nextTick();
    expect(interruptions).toEqual([]);
    await answer(nats, 0);
    expect(interruptions).toEqual(["connected"]);
  });

  it("tells once of an interruption that was interrupted itself", async () => {
    const { nats, interruptions } = create();
    await nats.emit(DISCONNECT, RECONNECT);
    await nextTick();
    await nats.emit(DISCONNECT, RECONNECT);
    await nextTick();
    for (const flush of nats.flushes) flush.resolve();
    await nextTick();
    expect(interruptions).toEqual(["connected"]);
  });

  it("takes a denied channel out at once, so that it can be tried anew", async () => {
    const { nats, live } = create();
    const log: string[] = [];
    const second = subscribe(live, "a");
    // Ends first, and closes the other while that is still being told.
    const order = [
      live.subscribe(
        "b",
        () => {},
        () => {
          order[1]?.close();
          log.push("first");
        },
      ),
      live.subscribe(
        "b",
        () => {},
        () => log.push("second"),
      ),
    ];
    await nextTick();
    await answer(nats, 0);
    nats.deny("rt.a");
    nats.deny("rt.b");
    expect(second.log).toEqual(["ready", "denied"]);
    expect(log).toEqual(["first"]);
    expect([live.size, live.lingering]).toEqual([0, 0]);
    subscribe(live, "b");
    expect([live.size, nats.subjects]).toEqual([1, ["rt.b"]]);
  });

  it("ends every subscriber once when the connection is lost for good", async () => {
    const { nats, live } = create();
    const confirmed = subscribe(live, "a");
    await nextTick();
    await answer(nats, 0);
    const pending = subscribe(live, "b");
    await nats.close(new Error("gone"));
    await nextTick();
    expect(confirmed.log).toEqual(["ready", "connection_lost"]);
    expect(pending.log).toEqual(["not ready: connection_lost"]);
    confirmed.subscription.close();
    expect(live.size).toBe(0);
    const late = subscribe(live, "a");
    await nextTick();
    expect(late.log).toEqual(["not ready: connection_lost"]);
  });
});
