import type { Msg, MsgCallback } from "@nats-io/transport-node";
import { headers } from "@nats-io/transport-node";
import { describe, expect, it } from "vitest";
import { Collector } from "../../testing/collector.ts";
import type { BrokerError } from "../broker-error.ts";
import { Faults } from "../faults.ts";
import { HeaderReader } from "../header-reader.ts";
import type { Link } from "../link.ts";
import type { Outbound, PublishOutcome } from "../outbound.ts";
import { DirectGets } from "./direct-gets.ts";

const NOTHING = new Uint8Array();

/** A connection on which the test says every part of every answer. */
function setUp(timeoutMs = 60_000) {
  const sent: { readonly subject: string; readonly reply: string }[] = [];
  const errors = new Collector<BrokerError>();
  const inboxes: MsgCallback<Msg>[] = [];
  let outcome: PublishOutcome = "sent";
  const link = {
    open: true,
    refusal: () => new Error("gone"),
    onState: () => () => {},
    onDenied: () => {},
    nats: {
      subscribe: (_subject: string, { callback }: { callback: MsgCallback<Msg> }) => inboxes.push(callback),
    },
  };
  const outbound = {
    send: (subject: string, _payload: Uint8Array, _headers: undefined, reply: string) => {
      if (outcome === "sent") sent.push({ subject, reply });
      return outcome;
    },
  };
  const gets = new DirectGets({
    link: link as unknown as Link,
    outbound: outbound as unknown as Outbound,
    reader: new HeaderReader(),
    faults: new Faults(errors.push),
    inboxPrefix: "_INBOX_test",
    channelPrefix: "rt.",
    timeoutMs,
  });
  const part = (index: number, values: Readonly<Record<string, string | number>>, code = 0) => {
    const block = headers(code, code === 0 ? "" : "status");
    for (const [name, value] of Object.entries(values)) block.append(name, String(value));
    const message = { subject: sent[index]?.reply, data: NOTHING, headers: block } as unknown as Msg;
    for (const inbox of inboxes) void inbox(null, message);
  };
  const message = (index: number, sequence: number, last: number) =>
    part(index, {
      "Nats-Sequence": sequence,
      "Nats-Last-Sequence": last,
      "Nats-Time-Stamp": "2026-01-01T00:00:00.5Z",
      "Nats-Subject": "rt.chat.a",
    });
  const end = (index: number, last: number, pending = 0) =>
    part(index, { "Nats-Last-Sequence": last, "Nats-Num-Pending": pending }, 204);
  return {
    gets,
    part,
    message,
    end,
    inboxes,
    errors,
    refuse: (refusal: PublishOutcome) => {
      outcome = refusal;
    },
  };
}

describe("an answer to a Direct Get", () => {
  it("is complete with its end", async () => {
    const { gets, message, end } = setUp();
    const answer = gets.get("rt_chat", {});
    message(0, 4, 0);
    message(0, 9, 4);
    expect(gets.pending).toBe(1);
    end(0, 9, 3);
    expect(await answer).toMatchObject({
      kind: "messages",
      messages: [{ sequence: 4 }, { sequence: 9 }],
      pending: 3,
      upTo: undefined,
    });
    expect(gets.pending).toBe(0);
  });

  it.each([
    ["its first message is lost", [[9, 4]], 9],
    [
      "one in the middle is lost",
      [
        [4, 0],
        [12, 9],
      ],
      12,
    ],
    ["its last message is lost", [[4, 0]], 9],
    ["all are lost", [], 9],
    [
      "one comes twice",
      [
        [4, 0],
        [4, 0],
      ],
      4,
    ],
  ] as const)("is an error when %s", async (_what, messages, last) => {
    const { gets, message, end } = setUp();
    const answer = gets.get("rt_chat", {});
    for (const [sequence, before] of messages) message(0, sequence, before);
    end(0, last);
    await expect(answer).rejects.toMatchObject({ code: "unavailable" });
  });

  it("is kept apart from others that come at the same time", async () => {
    const { gets, message, end, inboxes } = setUp();
    const answers = [gets.get("rt_chat", {}), gets.get("rt_feed", {})];
    message(1, 7, 0);
    message(0, 4, 0);
    end(0, 4);
    message(1, 8, 7);
    end(1, 8);
    const lengths = (await Promise.all(answers)).map((answer) =>
      answer.kind === "messages" ? answer.messages.map(({ sequence }) => sequence) : undefined,
    );
    expect(lengths).toStrictEqual([[4], [7, 8]]);
    expect(inboxes.length).toBe(1);
  });

  it.each([
    [404, { kind: "nothing" }],
    [413, { kind: "too_many" }],
    [503, { kind: "nobody" }],
  ])("of status %i has its own kind", async (status, kind) => {
    const { gets, part } = setUp();
    const answer = gets.get("rt_chat", {});
    part(0, {}, status);
    expect(await answer).toStrictEqual(kind);
  });

  it.each([408, 400, 0])("of status %i is an error", async (status) => {
    const { gets, part } = setUp();
    const answer = gets.get("rt_chat", {});
    part(0, {}, status);
    await expect(answer).rejects.toMatchObject({ code: "server_error" });
  });

  it("that does not come in time, or too late, is an error and disturbs nothing", async () => {
    const { gets, message, end, errors } = setUp(1);
    await expect(gets.get("rt_chat", {})).rejects.toMatchObject({ code: "unavailable" });
    message(0, 4, 0);
    end(0, 4);
    expect(gets.pending).toBe(0);
    expect(errors.items).toStrictEqual([]);
  });

  it("is not waited for when the request could not be sent", async () => {
    const { gets, refuse } = setUp();
    refuse("busy");
    await expect(gets.get("rt_chat", {})).rejects.toMatchObject({ code: "unavailable" });
    expect(gets.pending).toBe(0);
  });
});
