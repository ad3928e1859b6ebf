import { BrokerError } from "@tidegate/broker";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { EPOCH } from "../../testing/fake-follow.ts";
import { type FakeNode, type FakeNodeOptions, fakeNode } from "../../testing/fake-node.ts";
import { FakeSession } from "../../testing/fake-session.ts";
import { turns } from "../../testing/turns.ts";
import type { Answer } from "../handlers/session.ts";
import { FrameIntake, type IntakeOutcome } from "./frame-intake.ts";
import type { InboundFrame } from "./held-frames.ts";

function fixture(options: FakeNodeOptions = {}, connectId = 0) {
  const node = fakeNode(options);
  const session = new FakeSession(node.context);
  const intake = new FrameIntake(session, node.context.limits.messageBurst, node.clock.uptime, connectId);
  return { node, session, intake };
}

function text(content: string | object): InboundFrame {
  const json = typeof content === "string" ? content : JSON.stringify(content);
  return { kind: "text", text: json, bytes: Buffer.byteLength(json) };
}

function answerOf(outcome: IntakeOutcome): Answer | undefined {
  if (outcome.kind !== "answer") {
    throw new TypeError(`no answer at once: ${JSON.stringify(outcome)}`);
  }
  return outcome.answer;
}

describe("FrameIntake", () => {
  it("answers what it can at once", () => {
    const { intake } = fixture();
    expect(answerOf(intake.take(text({ type: "ping", id: 1 })))).toStrictEqual({ type: "ok", id: 1 });
  });

  it("answers what has to wait later", async () => {
    const { node, intake } = fixture();
    const outcome = intake.take(text({ type: "refresh", id: 1, token: node.verifier.accept("newer") }));
    expect(outcome).toMatchObject({ kind: "later", counted: undefined });
    expect(outcome.kind === "later" && (await outcome.answer)).toMatchObject({ type: "ok", id: 1 });
  });

  it.each([
    ["no JSON", "{", "malformed", undefined],
    ["no object", "[1]", "malformed", undefined],
    ["an unknown type", { type: "shout", id: 1 }, "unknown_type", 1],
    ["a wrong field", { type: "subscribe", id: 1 }, "invalid_field", 1],
    ["no id", { type: "ping" }, "invalid_field", undefined],
    ["an id that is none", { type: "ping", id: "1" }, "invalid_field", undefined],
    ["an id of zero", { type: "ping", id: 0 }, "invalid_field", undefined],
    ["connect, when it is connected", { type: "connect", id: 1 }, "already_connected", 1],
  ])("refuses %s", (_what, frame, code, id) => {
    const { intake } = fixture();
    expect(answerOf(intake.take(text(frame)))).toMatchObject({ type: "error", code, id });
  });

  it("refuses an id that is not above all before, without an id, since that one is answered already", () => {
    const { intake } = fixture({}, 5);
    for (const id of [5, 1]) {
      const answer = answerOf(intake.take(text({ type: "ping", id })));
      expect(answer).toMatchObject({ type: "error", code: "duplicate_id" });
      expect(answer).toHaveProperty("id", undefined);
    }
    expect(answerOf(intake.take(text({ type: "ping", id: 6 })))).toMatchObject({ type: "ok", id: 6 });
  });

  it("counts the id of a frame that it refuses for something else", () => {
    const { intake } = fixture();
    intake.take(text({ type: "shout", id: 7 }));
    expect(answerOf(intake.take(text({ type: "ping", id: 7 })))).toMatchObject({ code: "duplicate_id" });
  });

  it("tells a client above its rate how long to wait, and ends one that goes on regardless", () => {
    const { node, intake } = fixture({ limits: { messagesPerSecond: 10, messageBurst: 2 } });
    const outcomes = [1, 2, 3].map((id) => intake.take(text({ type: "ping", id })));
    expect(outcomes.map((outcome) => answerOf(outcome))).toMatchObject([
      { type: "ok", id: 1 },
      { type: "ok", id: 2 },
      { type: "error", id: 3, code: "rate_limited", retryAfter: 200 },
    ]);
    node.clock.uptime += 200;
    expect(answerOf(intake.take(text({ type: "ping", id: 4 })))).toMatchObject({ type: "ok", id: 4 });
    const more = [5, 6, 7].map((id) => intake.take(text({ type: "ping", id })));
    expect(more.map(({ kind }) => kind)).toStrictEqual(["answer", "answer", "close"]);
    expect(more[2]).toMatchObject({ name: "rate_limited" });
  });

  it("counts the id of a frame above the rate: it is answered, and not again", () => {
    const { node, intake } = fixture({ limits: { messagesPerSecond: 10, messageBurst: 1 } });
    intake.take(text({ type: "ping", id: 1 }));
    expect(answerOf(intake.take(text({ type: "ping", id: 2 })))).toMatchObject({
      id: 2,
      code: "rate_limited",
    });
    node.clock.uptime += 1_000;
    expect(answerOf(intake.take(text({ type: "ping", id: 2 })))).toMatchObject({ code: "duplicate_id" });
  });

  it("counts frames that are no messages towards the rate", () => {
    const { intake } = fixture({ limits: { messagesPerSecond: 1, messageBurst: 2 } });
    const kinds = Array.from({ length: 5 }, () => intake.take(text("{")).kind);
    expect(kinds).toStrictEqual(["answer", "answer", "answer", "answer", "close"]);
  });

  it("counts a request as in flight until its answer was sent", async () => {
    const { node, session, intake } = fixture();
    const outcome = intake.take(text({ type: "request", id: 1, method: "demo.echo" }));
    expect(outcome).toMatchObject({ kind: "later", counted: "request" });
    expect(intake.requestsInFlight).toBe(1);
    node.broker.requests[0]?.answer({ kind: "reply", payload: Buffer.from("1") });
    await turns();
    expect(intake.requestsInFlight).toBe(1);
    intake.answered("request");
    expect(intake.requestsInFlight).toBe(0);
    expect(session.notices).toStrictEqual([]);
  });

  it("waits for requests, reads of history and stored messages, and counts the first two towards the limit", () => {
    const { intake } = fixture();
    const frames = [
      { type: "publish", id: 1, channel: "feed.a", data: 1 },
      { type: "history", id: 2, channel: "feed.a" },
      { type: "publish", id: 3, channel: "chat.a", data: 1 },
    ].map((frame) => intake.take(text(frame)));
    expect(frames.map((outcome) => outcome.kind === "later" && outcome.counted)).toStrictEqual([
      "publish",
      "request",
      false,
    ]);
    expect([intake.requestsInFlight, intake.isIdle]).toStrictEqual([1, false]);
    intake.answered("request");
    expect([intake.requestsInFlight, intake.isIdle]).toStrictEqual([0, false]);
    intake.answered("publish");
    expect(intake.isIdle).toBe(true);
  });

  it("does not count a request that it refuses", () => {
    const { intake } = fixture();
    expect(answerOf(intake.take(text({ type: "request", id: 1, method: "demo" })))).toMatchObject({
      code: "channel_invalid",
    });
    expect(intake.requestsInFlight).toBe(0);
  });

  describe("when a handler throws, which is a defect", () => {
    function broken(): { node: FakeNode; intake: FrameIntake } {
      const { node, intake } = fixture();
      const secret = new Error("what went wrong");
      Object.assign(node.broker, {
        publish: () => {
          throw secret;
        },
        request: () => Promise.reject(secret),
      });
      return { node, intake };
    }

    it.each([
      ["at once", { type: "publish", id: 1, channel: "chat.a", data: 1 }],
      ["later", { type: "request", id: 1, method: "demo.echo" }],
    ])("answers all the same and logs it: %s", async (_when, frame) => {
      const { node, intake } = broken();
      const outcome = intake.take(text(frame));
      const answer = outcome.kind === "later" ? await outcome.answer : answerOf(outcome);
      expect(answer).toMatchObject({ type: "error", id: 1, code: "internal_error", retryable: true });
      expect(JSON.stringify(answer)).not.toContain("what went wrong");
      expect(node.logged).toMatchObject([{ level: "error", connection: "n1-boot-1" }]);
    });
  });

  it("answers each id exactly once, whatever is sent, and refuses repeated ones without an id", async () => {
    const ids = fc.oneof(
      { weight: 4, arbitrary: fc.integer({ min: 1, max: 60 }) },
      { weight: 1, arbitrary: fc.constantFrom(0, -1, 1.5, "1", null, 2 ** 53, 2 ** 53 - 1) },
    );
    const shape = fc.constantFrom(
      (id: unknown) => ({ type: "ping", id }),
      (id: unknown) => ({ type: "subscribe", id, channel: "chat.a" }),
      (id: unknown) => ({ type: "subscribe", id, channel: "chat..a" }),
      (id: unknown) => ({ type: "unsubscribe", id, channel: "chat.a" }),
      (id: unknown) => ({ type: "publish", id, channel: "chat.a", data: 1 }),
      (id: unknown) => ({ type: "publish", id, channel: "other.a", data: 1 }),
      (id: unknown) => ({ type: "publish", id, channel: "feed.a", data: 1 }),
      (id: unknown) => ({ type: "history", id, channel: "feed.a" }),
      (id: unknown) => ({ type: "subscribe", id, channel: "feed.a" }),
      (id: unknown) => ({ type: "request", id, method: "demo.echo" }),
      (id: unknown) => ({ type: "refresh", id, token: "wrong" }),
      (id: unknown) => ({ type: "connect", id }),
      (id: unknown) => ({ type: "shout", id }),
      (id: unknown) => ({ type: "ping", idd: id }),
      () => "nonsense",
    );
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(shape, ids), { maxLength: 40 }), async (frames) => {
        const { node, session, intake } = fixture({ limits: { messageBurst: 10, messagesPerSecond: 1 } });
        const answered: (number | undefined)[] = [];
        const usable: number[] = [];
        let unanswerable = 0;
        let highest = 0;
        for (const [make, id] of frames) {
          const frame = make(id);
          const outcome = intake.take(text(frame));
          if (outcome.kind === "close") {
            break;
          }
          const hasId = typeof frame === "object" && "id" in frame;
          if (hasId && Number.isSafeInteger(id) && Number(id) > highest) {
            highest = Number(id);
            usable.push(highest);
          } else {
            unanswerable += 1;
          }
          const settle = (answer: Answer | undefined): void => {
            if (answer?.type === "encoded") {
              answered.push((JSON.parse(String(answer.frame)) as { id: number }).id);
            } else if (answer !== undefined) {
              answered.push("id" in answer ? answer.id : undefined);
            }
          };
          if (outcome.kind === "later") {
            outcome.answer.then(settle, () => {});
          } else {
            settle(outcome.answer);
          }
        }
        for (const store of node.broker.stores) {
          const position = { epoch: EPOCH, sequence: 1 };
          store.answer({ kind: "stored", position, duplicate: false });
        }
        for (const read of node.broker.pageReads) {
          read.answer({ kind: "failed", error: new BrokerError("unavailable", "in the test") });
        }
        for (const request of node.broker.requests) {
          request.answer({ kind: "reply", payload: Buffer.from("1") });
        }
        await turns();
        // What a subscription says comes as a notice, in front of its first message.
        answered.push(...session.notices.flatMap((notice) => ("id" in notice ? [notice.id] : [])));
        const withId = answered.filter((id) => id !== undefined);
        expect(withId.toSorted((a, b) => a - b)).toStrictEqual(usable);
        expect(answered.length - withId.length).toBe(unanswerable);
      }),
      { numRuns: 300 },
    );
  });
});
