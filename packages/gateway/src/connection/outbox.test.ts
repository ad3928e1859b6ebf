import { describe, expect, it } from "vitest";
import { BEGUN, fakeNode } from "../../testing/fake-node.ts";
import { FakeSocket } from "../../testing/fake-socket.ts";
import type { Frame } from "../fan-out/format.ts";
import { Outbox, type OutboxOwner } from "./outbox.ts";

const LIMIT = 1_000;

class Owner implements OutboxOwner {
  strains = 0;
  relays = 0;

  reschedule(): void {
    this.strains += 1;
  }

  relay(): void {
    this.relays += 1;
  }
}

function fixture(limit = LIMIT) {
  const socket = new FakeSocket();
  const { context, clock } = fakeNode({ limits: { outboxBytes: limit } });
  const owner = new Owner();
  return { socket, traffic: context.traffic, owner, clock, outbox: new Outbox(socket, context, owner) };
}

function frame(text: string, binary = false): Frame {
  return { bytes: Buffer.from(text), binary, sequence: 0, messages: 1 };
}

const big = frame("x".repeat(LIMIT + 1));

describe("Outbox", () => {
  it("sends a single message by itself and several in one cork, in order", () => {
    const { socket, outbox } = fixture();
    outbox.deliverLive([frame("one")], { name: "chat.a" });
    outbox.deliverLive([frame("two"), frame("three", true)], { name: "chat.a" });
    expect(socket.sent).toStrictEqual([
      { data: "one", binary: false, cork: 0 },
      { data: "two", binary: false, cork: 1 },
      { data: "three", binary: true, cork: 1 },
    ]);
    expect(outbox.state.kind).toBe("flowing");
  });

  it("counts frames and bytes that were sent or queued, and nothing that was dropped or had nobody to go to", () => {
    const { socket, traffic, outbox } = fixture();
    socket.outcomes = ["sent", "queued", "closed", "dropped"];
    for (const text of ["a", "bé", "c", "d"]) {
      outbox.answer(text);
    }
    expect(traffic.messagesOut).toBe(2);
    expect(traffic.bytesOut).toBe(1 + 3);
  });

  it("counts the messages of a batch, and not its frame", () => {
    const { socket, traffic, outbox } = fixture();
    const batch: Frame = { ...frame("a\nb\nc"), messages: 3 };
    outbox.deliverLive([batch], { name: "chat.a" });
    expect([socket.sent.length, traffic.messagesOut, traffic.bytesOut]).toStrictEqual([1, 3, 5]);
    socket.reading = false;
    outbox.deliverLive([big], { name: "chat.a" });
    outbox.deliverLive([batch], { name: "chat.a" });
    expect([socket.sent.length, traffic.messagesMissed]).toStrictEqual([2, 3]);
    socket.buffered = 0;
    expect(outbox.drained()).toStrictEqual({ missed: 3, channel: "chat.a" });
  });

  it("has a line while nothing is skipped, and tells its owner when that changes", () => {
    const { socket, owner, outbox } = fixture();
    expect(outbox.line).toBe(socket.line);
    socket.reading = false;
    outbox.deliverLive([big], { name: "chat.a" });
    expect([outbox.line, owner.relays]).toStrictEqual([undefined, 1]);
    socket.buffered = 0;
    outbox.drained();
    expect([outbox.line === socket.line, owner.relays]).toStrictEqual([true, 2]);
  });

  it("lags once more waits than the limit, and tells its owner", () => {
    const { socket, owner, outbox } = fixture();
    socket.reading = false;
    outbox.deliverLive([frame("x".repeat(LIMIT))], { name: "chat.a" });
    expect(outbox.state.kind).toBe("flowing");
    outbox.deliverLive([frame("y")], { name: "chat.a" });
    expect(outbox.state).toStrictEqual({
      kind: "lagging",
      since: BEGUN,
      missed: 0,
      missedIn: undefined,
      ceiling: 2 * LIMIT + 1,
    });
    expect(owner.strains).toBe(1);
  });

  it("skips and counts messages while it lags", () => {
    const { socket, traffic, outbox } = fixture();
    socket.reading = false;
    outbox.deliverLive([big], { name: "chat.a" });
    outbox.deliverLive([frame("a")], { name: "chat.a" });
    outbox.deliverLive([frame("b"), frame("c")], { name: "chat.a" });
    expect(socket.sent).toHaveLength(1);
    expect(outbox.state).toMatchObject({ kind: "lagging", missed: 3 });
    expect(traffic.messagesMissed).toBe(3);
    expect(traffic.messagesOut).toBe(1);
  });

  it("notices within one flush that it lags, when the transport says so", () => {
    const { socket, outbox } = fixture();
    socket.reading = false;
    // What a cork does with messages larger than its buffer.
    socket.outcomes = ["queued", "queued", "queued"];
    outbox.deliverLive([frame("small"), big, frame("late"), frame("later")], { name: "chat.a" });
    expect(socket.frames).toStrictEqual(["small", big.bytes.toString()]);
    expect(outbox.state).toMatchObject({ kind: "lagging", missed: 2 });
  });

  it("notices after a flush what the cork had held back", () => {
    const { socket, outbox } = fixture();
    socket.reading = false;
    outbox.deliverLive(
      Array.from({ length: 11 }, () => frame("x".repeat(100))),
      { name: "chat.a" },
    );
    expect(socket.sent).toHaveLength(11);
    expect(outbox.state).toMatchObject({ kind: "lagging", missed: 0 });
  });

  it("goes on lagging while the client takes only some, so that a trickle does not pass for reading", () => {
    const { socket, clock, outbox } = fixture();
    socket.reading = false;
    outbox.deliverLive([big], { name: "chat.a" });
    clock.uptime += 5_000;
    outbox.deliverLive([frame("missed")], { name: "chat.a" });
    socket.buffered = LIMIT;
    expect(outbox.drained()).toBeUndefined();
    socket.buffered = LIMIT / 2 + 1;
    expect(outbox.drained()).toBeUndefined();
    expect(outbox.state).toMatchObject({ kind: "lagging", since: BEGUN, missed: 1 });
  });

  it("flows again once half the limit is free, and tells how many were missed", () => {
    const { socket, outbox } = fixture();
    socket.reading = false;
    outbox.deliverLive([big], { name: "chat.a" });
    outbox.deliverLive([frame("a"), frame("b")], { name: "chat.a" });
    socket.buffered = LIMIT / 2;
    expect(outbox.drained()).toStrictEqual({ missed: 2, channel: "chat.a" });
    expect(outbox.drained()).toBeUndefined();
    outbox.deliverLive([frame("c")], { name: "chat.a" });
    expect(socket.frames.at(-1)).toBe("c");
  });

  it("says nothing was missed when nothing came while it lagged, or when it never did", () => {
    const { socket, outbox } = fixture();
    expect(outbox.drained()).toBeUndefined();
    socket.reading = false;
    outbox.deliverLive([big], { name: "chat.a" });
    socket.buffered = 0;
    expect(outbox.drained()).toBeUndefined();
    expect(outbox.state.kind).toBe("flowing");
  });

  it("sends answers while it lags, up to the limit on top of what waited", () => {
    const { socket, owner, outbox } = fixture();
    socket.reading = false;
    outbox.deliverLive([big], { name: "chat.a" });
    const answer = "a".repeat(LIMIT / 2);
    for (let sent = 0; sent < 3; sent += 1) {
      outbox.answer(answer);
    }
    expect(outbox.state.kind).toBe("lagging");
    outbox.answer(answer);
    expect(outbox.state.kind).toBe("broken");
    expect(owner.strains).toBe(2);
    expect(socket.sent).toHaveLength(4);
  });

  it("holds a message many times the limit against nobody who then gets an answer", () => {
    const { socket, outbox } = fixture();
    socket.reading = false;
    outbox.deliverLive([frame("x".repeat(50 * LIMIT))], { name: "chat.a" });
    outbox.answer("ok");
    expect(outbox.state.kind).toBe("lagging");
    expect(socket.frames.at(-1)).toBe("ok");
  });

  it("lags by answers alone, too", () => {
    const { socket, outbox } = fixture();
    socket.reading = false;
    outbox.answer("a".repeat(LIMIT + 1));
    expect(outbox.state.kind).toBe("lagging");
  });

  it("breaks when a frame is lost, and then sends nothing more: what follows would leave a hole", () => {
    const { socket, owner, traffic, outbox } = fixture();
    socket.outcomes = ["dropped"];
    outbox.deliverLive([frame("lost")], { name: "chat.a" });
    expect(outbox.state.kind).toBe("broken");
    expect(owner.strains).toBe(1);
    outbox.deliverLive([frame("a")], { name: "chat.a" });
    outbox.deliverLive([frame("b"), frame("c")], { name: "chat.a" });
    outbox.answer("d");
    expect(outbox.drained()).toBeUndefined();
    expect(socket.sent).toStrictEqual([]);
    expect(outbox.state.kind).toBe("broken");
    expect(traffic.messagesMissed).toBe(3);
  });

  it("breaks in the middle of a flush and lets the rest go", () => {
    const { socket, outbox } = fixture();
    socket.outcomes = ["sent", "dropped"];
    outbox.deliverLive([frame("a"), frame("b"), frame("c")], { name: "chat.a" });
    expect(socket.frames).toStrictEqual(["a"]);
    expect(outbox.state.kind).toBe("broken");
  });

  it("keeps two outboxes apart that are flushed one after the other", () => {
    const one = fixture();
    const other = fixture();
    one.outbox.deliverLive([frame("a"), frame("b")], { name: "chat.a" });
    other.outbox.deliverLive([frame("c"), frame("d")], { name: "chat.a" });
    expect(one.socket.frames).toStrictEqual(["a", "b"]);
    expect(other.socket.frames).toStrictEqual(["c", "d"]);
  });

  it("takes a closed socket as it is: nothing to do", () => {
    const { socket, owner, outbox } = fixture();
    socket.outcomes = ["closed", "closed", "closed"];
    outbox.deliverLive([frame("a")], { name: "chat.a" });
    outbox.deliverLive([frame("b"), frame("c")], { name: "chat.a" });
    expect(outbox.state.kind).toBe("flowing");
    expect(owner.strains).toBe(0);
  });

  it("names the channel of what was missed as long as it is one", () => {
    const { socket, outbox } = fixture();
    socket.reading = false;
    outbox.deliverLive([big], { name: "chat.a" });
    outbox.deliverLive([frame("a"), frame("b")], { name: "chat.a" });
    outbox.deliverLive([frame("c")], { name: "chat.b" });
    outbox.deliverLive([frame("d")], { name: "chat.a" });
    socket.buffered = 0;
    expect(outbox.drained()).toStrictEqual({ missed: 4, channel: undefined });
  });

  it("takes no message of a replayable channel while it lags, and all of it or nothing", () => {
    const { socket, owner, traffic, outbox } = fixture();
    socket.reading = false;
    expect(outbox.deliverOrdered([big])).toBe(true);
    expect(outbox.deliverOrdered([frame("a"), frame("b")])).toBe(false);
    expect(outbox.deliverOrdered([frame("c")])).toBe(false);
    outbox.answer("d");
    expect(outbox.state.kind).toBe("lagging");
    expect(owner.strains).toBe(1);
    expect(socket.frames.slice(1)).toStrictEqual(["d"]);
    expect(traffic.messagesMissed).toBe(0);
    socket.buffered = LIMIT / 2;
    expect(outbox.drained()).toBeUndefined();
    expect(outbox.deliverOrdered([frame("e")])).toBe(true);
  });

  it("sends a piece that was asked for in time as a whole, though it lags by now", () => {
    const { socket, outbox } = fixture();
    socket.reading = false;
    outbox.deliverOrdered([big]);
    outbox.replay([frame("a"), frame("b")]);
    expect(socket.frames.slice(1)).toStrictEqual(["a", "b"]);
    expect(outbox.state.kind).toBe("lagging");
  });

  it("sends what a replayable channel brings at once as a whole, though it passes the limit in its midst", () => {
    const { socket, outbox } = fixture();
    socket.reading = false;
    socket.outcomes = ["queued", "queued", "queued"];
    outbox.deliverOrdered([big, frame("a"), frame("b")]);
    expect(socket.frames.slice(1)).toStrictEqual(["a", "b"]);
    expect(outbox.state).toMatchObject({ kind: "lagging", missed: 0 });
    socket.buffered = 0;
    expect(outbox.drained()).toBeUndefined();
    outbox.deliverOrdered([frame("c")]);
    expect(socket.frames.at(-1)).toBe("c");
  });

  it("breaks where a frame of a replayable channel is lost in the midst of others", () => {
    const { socket, outbox } = fixture();
    socket.outcomes = ["sent", "dropped"];
    outbox.deliverOrdered([frame("a"), frame("b"), frame("c")]);
    expect(socket.frames).toStrictEqual(["a"]);
    expect(outbox.state.kind).toBe("broken");
  });
});
