import type { RequestOutcome } from "@tidegate/broker";
import { describe, expect, it } from "vitest";
import { grants, identity, NOW } from "../../testing/fake-node.ts";
import type { FakeSession } from "../../testing/fake-session.ts";
import { bodyOf, handlerFixture as fixture } from "../../testing/handler-fixture.ts";
import { turns } from "../../testing/turns.ts";
import type { Answer } from "./session.ts";

describe("publish", () => {
  it("hands the payload to the broker as the client wrote it, with event and identity", async () => {
    const { broker, session, send } = fixture();
    const answer = await send({ type: "publish", id: 1, channel: "chat.a", event: "said", data: { n: 1 } });
    expect(answer).toStrictEqual({ type: "ok", id: 1 });
    expect(broker.published).toStrictEqual([
      {
        channel: "chat.a",
        payload: Buffer.from('{"n":1}'),
        options: { lane: "direct", event: "said", identity: session.publisher, trace: undefined },
      },
    ]);
  });

  it("goes to the backends where the namespace says so", async () => {
    const { broker, send } = fixture();
    await send({ type: "publish", id: 1, channel: "jobs.new", data: 1 });
    expect(broker.published[0]?.options.lane).toBe("backend");
  });

  it.each([
    ["a wildcard", { channel: "chat.*", data: 1 }, "channel_invalid"],
    ["a broken channel", { channel: "chat..a", data: 1 }, "channel_invalid"],
    ["a channel without a grant", { channel: "staff.a", data: 1 }, "forbidden"],
    ["a namespace that takes nothing", { channel: "news.world", data: 1 }, "forbidden"],
    ["a namespace that nobody configured", { channel: "secret.a", data: 1 }, "forbidden"],
    ["no data", { channel: "chat.a" }, "invalid_field"],
    [
      "data that does not fit its encoding",
      { channel: "chat.a", data: 1, encoding: "text" },
      "invalid_field",
    ],
    ["too large a payload", { channel: "chat.a", data: "x".repeat(1_023) }, "payload_too_large"],
  ])("refuses %s", async (_what, fields, code) => {
    const { broker, send, metric } = fixture();
    expect(await send({ type: "publish", id: 1, ...fields })).toMatchObject({ type: "error", id: 1, code });
    expect(broker.published).toStrictEqual([]);
    expect(await metric('tidegate_publishes_total{outcome="refused"}')).toBe(1);
  });

  it("takes a payload of exactly the limit", async () => {
    const { send } = fixture();
    expect(await send({ type: "publish", id: 1, channel: "chat.a", data: "x".repeat(1_022) })).toMatchObject({
      type: "ok",
    });
  });

  it.each([
    ["unavailable", "broker_unavailable", "broker_unavailable", true],
    ["busy", "broker_unavailable", "broker_unavailable", true],
    ["too_large", "payload_too_large", "refused", false],
  ] as const)("says what keeps the broker from sending: %s", async (outcome, code, counted, retryable) => {
    const { broker, send, metric } = fixture();
    broker.publishOutcome = outcome;
    const answer = await send({ type: "publish", id: 1, channel: "chat.a", data: 1 });
    expect(answer).toMatchObject({ type: "error", code, retryable });
    expect(await metric(`tidegate_publishes_total{outcome="${counted}"}`)).toBe(1);
  });

  it("takes bytes behind a header line, an empty payload included", async () => {
    const { broker, sendBinary } = fixture();
    await sendBinary({ type: "publish", id: 1, channel: "chat.a" }, [0xff, 0x0a]);
    await sendBinary({ type: "publish", id: 2, channel: "chat.a" }, "");
    expect(broker.published.map(({ payload }) => [...payload])).toStrictEqual([[0xff, 0x0a], []]);
  });
});

describe("a binary frame", () => {
  it.each([
    { type: "subscribe", id: 1, channel: "chat.a" },
    { type: "unsubscribe", id: 1, channel: "chat.a" },
    { type: "refresh", id: 1, token: "t" },
    { type: "ping", id: 1 },
    { type: "connect", id: 1 },
  ])("cannot hold a message without payload: $type", async (header) => {
    const { sendBinary } = fixture();
    expect(await sendBinary(header, "")).toMatchObject({ type: "error", id: 1, code: "malformed" });
  });
});

describe("subscribe", () => {
  it("answers when the broker delivers, and not before", async () => {
    const { broker, session, send } = fixture();
    broker.confirms = false;
    let answer: Answer | undefined;
    void send({ type: "subscribe", id: 1, channel: "chat.a" }).then((settled) => {
      answer = settled;
    });
    await turns();
    expect(answer).toBeUndefined();
    broker.last.confirm();
    await turns();
    expect(answer).toStrictEqual({ type: "subscribed", id: 1, channel: "chat.a" });
    broker.last.message("1");
    await turns();
    expect(session.delivered).toHaveLength(1);
  });

  it.each([
    ["a broken channel", "chat..a", "channel_invalid"],
    ["a wildcard inside a token", "chat.a*", "channel_invalid"],
    ["a channel without a grant", "staff.a", "forbidden"],
    ["a namespace that nobody configured", "secret.a", "forbidden"],
    ["a pattern wider than its grant", "chat", "forbidden"],
    ["a wildcard for the namespace", "*.a", "forbidden"],
    ["everything", ">", "forbidden"],
  ])("refuses %s", async (_what, channel, code) => {
    const { session, send, context } = fixture();
    // A grant of everything does not open what the node does not have.
    session.principal = identity({
      grants: grants({ subscribe: channel === "chat" || channel === "staff.a" ? ["chat.>"] : [">"] }),
    });
    expect(await send({ type: "subscribe", id: 1, channel })).toMatchObject({
      type: "error",
      id: 1,
      code,
      channel,
    });
    expect([session.subscriptions.size, context.hub.size]).toStrictEqual([0, 0]);
  });

  it("refuses a second subscription of the same name, also while the first is pending", async () => {
    const { broker, send } = fixture();
    broker.confirms = false;
    const first = send({ type: "subscribe", id: 1, channel: "chat.a" });
    expect(await send({ type: "subscribe", id: 2, channel: "chat.a" })).toMatchObject({
      code: "already_subscribed",
    });
    broker.last.confirm();
    expect(await first).toMatchObject({ type: "subscribed" });
    expect(await send({ type: "subscribe", id: 3, channel: "chat.a" })).toMatchObject({
      code: "already_subscribed",
    });
  });

  it("refuses more than a connection may have", async () => {
    const { send } = fixture();
    for (const [id, channel] of ["chat.a", "chat.b", "chat.c"].entries()) {
      expect(await send({ type: "subscribe", id: id + 1, channel })).toMatchObject({ type: "subscribed" });
    }
    expect(await send({ type: "subscribe", id: 4, channel: "chat.d" })).toMatchObject({
      code: "subscription_limit",
    });
    await send({ type: "unsubscribe", id: 5, channel: "chat.a" });
    expect(await send({ type: "subscribe", id: 6, channel: "chat.d" })).toMatchObject({ type: "subscribed" });
  });

  it.each([
    ["denied", "forbidden", false],
    ["unavailable", "broker_unavailable", true],
    ["stream_unfit", "history_unavailable", true],
    ["closed", "broker_unavailable", true],
  ] as const)("gives the slot back when the broker refuses: %s", async (refusal, code, retryable) => {
    const { broker, session, context, send } = fixture();
    broker.confirms = false;
    const answer = send({ type: "subscribe", id: 1, channel: "chat.a" });
    broker.last.refuse(refusal);
    expect(await answer).toMatchObject({ type: "error", id: 1, code, retryable, channel: "chat.a" });
    expect([session.subscriptions.size, context.hub.size]).toStrictEqual([0, 0]);
  });

  it("is refused without a link to NATS, even to a channel that others hold here", async () => {
    const { broker, context, send } = fixture();
    context.hub.hold("chat.a");
    broker.state = "disconnected";
    expect(await send({ type: "subscribe", id: 1, channel: "chat.a" })).toMatchObject({
      code: "broker_unavailable",
      retryable: true,
    });
  });

  it.each([
    ["the only one here who wants it", false],
    ["one of several", true],
  ])("is answered once, when it is given up before it stood, by %s", async (_who, others) => {
    const { broker, session, context, send } = fixture();
    broker.confirms = false;
    if (others) {
      context.hub.hold("chat.a");
    }
    const subscribing = send({ type: "subscribe", id: 1, channel: "chat.a" });
    expect(await send({ type: "unsubscribe", id: 2, channel: "chat.a" })).toStrictEqual({
      type: "unsubscribed",
      id: 2,
      channel: "chat.a",
    });
    broker.last.confirm();
    expect(await subscribing).toMatchObject({ type: "error", id: 1, code: "not_subscribed" });
    expect(session.subscriptions.size).toBe(0);
  });

  it("is given up quietly when the connection ends", async () => {
    const { broker, session, send } = fixture();
    broker.confirms = false;
    const subscribing = send({ type: "subscribe", id: 1, channel: "chat.a" });
    session.close();
    expect(await subscribing).toBeUndefined();
  });
});

describe("unsubscribe", () => {
  it("ends what is there and says so if nothing is", async () => {
    const { send } = fixture();
    await send({ type: "subscribe", id: 1, channel: "chat.*" });
    expect(await send({ type: "unsubscribe", id: 2, channel: "chat.*" })).toMatchObject({
      type: "unsubscribed",
      id: 2,
    });
    expect(await send({ type: "unsubscribe", id: 3, channel: "chat.*" })).toMatchObject({
      code: "not_subscribed",
      id: 3,
      channel: "chat.*",
    });
  });
});

describe("request", () => {
  async function answered(outcome: RequestOutcome, format: FakeSession["format"] = "json") {
    const { broker, session, send, metric } = fixture();
    session.format = format;
    const answer = send({ type: "request", id: 1, method: "demo.echo", data: { n: 1 } });
    await turns();
    broker.requests[0]?.answer(outcome);
    return { answer: await answer, metric };
  }

  it("asks with payload, identity and the default timeout", async () => {
    const { broker, session, send } = fixture();
    void send({ type: "request", id: 1, method: "demo.echo", data: { n: 1 } });
    expect(broker.requests[0]).toMatchObject({
      method: "demo.echo",
      payload: Buffer.from('{"n":1}'),
      options: { timeoutMs: 10_000, identity: session.publisher, trace: undefined, signal: session.signal },
    });
  });

  it.each([
    [undefined, 10_000],
    [500, 500],
    [60_000, 10_000],
    [0, 1],
  ])("waits as long as the client says, within the limit: %s", async (timeout, expected) => {
    const { broker, send } = fixture();
    void send({ type: "request", id: 1, method: "demo.echo", ...(timeout === undefined ? {} : { timeout }) });
    expect(broker.requests[0]?.options.timeoutMs).toBe(expected);
  });

  it.each([
    ["JSON", '{"n": 1}', { data: { n: 1 } }],
    ["text", "hi", { data: "hi", encoding: "text" }],
    ["nothing", "", {}],
  ])("answers with a reply of %s", async (_what, payload, expected) => {
    const { answer, metric } = await answered({ kind: "reply", payload: Buffer.from(payload) });
    expect(bodyOf(answer)).toStrictEqual({ type: "reply", id: 1, ...expected });
    expect(await metric('tidegate_requests_total{outcome="reply"}')).toBe(1);
  });

  it("answers with a reply that is not UTF-8 as the client wants it", async () => {
    const payload = Buffer.from([0xff, 0x0a]);
    const { answer } = await answered({ kind: "reply", payload });
    expect(bodyOf(answer)).toStrictEqual({ type: "reply", id: 1, data: "/wo=", encoding: "base64" });
    const { answer: binary } = await answered({ kind: "reply", payload }, "json-binary");
    expect(binary).toStrictEqual({
      type: "encoded",
      frame: Buffer.concat([Buffer.from('{"type":"reply","id":1}\n'), payload]),
      binary: true,
    });
    const { answer: text } = await answered({ kind: "reply", payload: Buffer.from("1") }, "json-binary");
    expect(text).toMatchObject({ binary: false });
  });

  it.each([
    [
      { kind: "service_error", status: "404", message: "no such room", payload: Buffer.alloc(0) },
      "service_error",
      false,
    ],
    [{ kind: "no_responders" }, "no_responders", true],
    [{ kind: "timeout" }, "request_timeout", true],
    [{ kind: "unavailable" }, "broker_unavailable", true],
    [{ kind: "too_large" }, "payload_too_large", false],
    [{ kind: "denied" }, "forbidden", false],
  ] as const)("tells what became of it: %j", async (outcome, code, retryable) => {
    const { answer, metric } = await answered(outcome);
    expect(answer).toMatchObject({ type: "error", id: 1, code, retryable });
    expect(await metric(`tidegate_requests_total{outcome="${outcome.kind}"}`)).toBe(1);
    if (outcome.kind === "service_error") {
      expect(answer).toMatchObject({ detail: { status: "404", message: "no such room" } });
    }
  });

  it("answers nobody when the connection has ended", async () => {
    const { session, send } = fixture();
    const answer = send({ type: "request", id: 1, method: "demo.echo" });
    session.close();
    expect(await answer).toBeUndefined();
  });

  it.each([
    ["a method of one token", { method: "demo" }, "channel_invalid"],
    ["a wildcard", { method: "demo.*" }, "channel_invalid"],
    ["a method without a grant", { method: "admin.drop" }, "forbidden"],
    [
      "data that does not fit its encoding",
      { method: "demo.echo", data: 1, encoding: "base64" },
      "invalid_field",
    ],
    ["too large a payload", { method: "demo.echo", data: "x".repeat(2_000) }, "payload_too_large"],
  ])("refuses %s", async (_what, fields, code) => {
    const { broker, send } = fixture();
    expect(await send({ type: "request", id: 1, ...fields })).toMatchObject({ type: "error", id: 1, code });
    expect(broker.requests).toStrictEqual([]);
  });

  it("refuses anonymous clients, too many at once, and new ones while the node leaves", async () => {
    const { session, send } = fixture();
    const ask = { type: "request", id: 1, method: "demo.echo" };
    session.requestsInFlight = 2;
    expect(await send(ask)).toMatchObject({ code: "request_limit", retryable: true });
    session.isLeaving = true;
    expect(await send(ask)).toMatchObject({ code: "broker_unavailable", retryable: true });
    session.principal = undefined;
    expect(await send(ask)).toMatchObject({ code: "forbidden" });
  });
});

describe("refresh", () => {
  it("puts the new token in force", async () => {
    const { session, verifier, send, metric } = fixture();
    verifier.accept("newer", { expiresAt: NOW + 9_000 });
    expect(await send({ type: "refresh", id: 1, token: "newer" })).toStrictEqual({
      type: "ok",
      id: 1,
      expires: NOW + 9_000,
    });
    expect(session.principal?.expiresAt).toBe(NOW + 9_000);
    expect(await metric('tidegate_authentications_total{outcome="ok"}')).toBe(1);
    expect(await metric("tidegate_authentication_seconds_count")).toBe(1);
  });

  it("keeps the old one when the new one is refused", async () => {
    const { session, send, metric } = fixture();
    const before = session.principal;
    expect(await send({ type: "refresh", id: 1, token: "forged" })).toMatchObject({
      type: "error",
      id: 1,
      code: "token_invalid",
    });
    expect(session.principal).toBe(before);
    expect(await metric('tidegate_authentications_total{outcome="token_signature"}')).toBe(1);
  });

  it.each([
    ["another user", identity()],
    ["a user where the connection is anonymous", undefined],
  ])("refuses %s", async (_what, principal) => {
    const { session, verifier, send, metric } = fixture();
    session.principal = principal;
    verifier.accept("other", { user: "eve" });
    expect(await send({ type: "refresh", id: 1, token: "other" })).toMatchObject({ code: "subject_changed" });
    expect(session.principal).toBe(principal);
    expect(await metric('tidegate_authentications_total{outcome="subject_changed"}')).toBe(1);
    expect(await metric('tidegate_authentications_total{outcome="ok"}')).toBe(0);
  });

  it("ends the subscriptions that the new grants do not cover, and no others", async () => {
    const { session, verifier, send } = fixture();
    for (const [id, channel] of ["chat.a", "chat.*", "news.world"].entries()) {
      await send({ type: "subscribe", id: id + 1, channel });
    }
    verifier.accept("narrower", { grants: grants({ subscribe: ["chat.a"] }) });
    await send({ type: "refresh", id: 9, token: "narrower" });
    expect(session.subscriptions.names()).toStrictEqual(["chat.a", "news.world"]);
    expect(session.notices.slice(3)).toMatchObject([
      { type: "unsubscribed", channel: "chat.*", code: "forbidden" },
    ]);
  });

  it("changes nothing when the connection has ended meanwhile", async () => {
    const { session, verifier, send } = fixture();
    verifier.accept("newer", { expiresAt: NOW + 9_000 });
    const answer = send({ type: "refresh", id: 1, token: "newer" });
    session.close();
    expect(await answer).toBeUndefined();
    expect(session.principal?.expiresAt).not.toBe(NOW + 9_000);
  });
});
