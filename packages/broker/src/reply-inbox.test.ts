import type { Msg, MsgCallback } from "@nats-io/transport-node";
import { describe, expect, it } from "vitest";
import { Collector } from "../testing/collector.ts";
import type { BrokerError } from "./broker-error.ts";
import { Faults } from "./faults.ts";
import type { BrokerState, Link } from "./link.ts";
import type { Waiter } from "./reply-inbox.ts";
import { ReplyInbox } from "./reply-inbox.ts";

/** An inbox on a connection that the test speaks for, and what became of those who wait. */
function setUp() {
  const opened: { readonly subject: string; readonly callback: MsgCallback<Msg> }[] = [];
  const errors = new Collector<BrokerError>();
  const log: string[] = [];
  let setState: (state: BrokerState) => void = () => {};
  let deny: Parameters<Link["onDenied"]>[0] = () => {};
  const link = {
    nats: {
      subscribe: (subject: string, { callback }: { callback: MsgCallback<Msg> }) =>
        opened.push({ subject, callback }),
    },
    onState: (listener: typeof setState) => {
      setState = listener;
    },
    onDenied: (listener: typeof deny) => {
      deny = listener;
    },
  } as unknown as Link;
  const parts = { link, faults: new Faults(errors.push), inboxPrefix: "_INBOX_test", name: "the inbox" };
  const inbox = new ReplyInbox<Waiter & { readonly token: string }>(parts, {
    answered: ({ subject }, { data }) => {
      if (data.length > 0) throw new TypeError("by the test");
      log.push(`${subject} answered`);
    },
    failed: ({ subject, token }, reason) => {
      log.push(`${subject} ${reason}`);
      inbox.forget(token);
    },
  });
  /** Asks at a subject. Returns where the answer goes. */
  const ask = (subject: string) => {
    const token = inbox.token();
    const reply = inbox.subjectOf(token);
    inbox.expect(token, { subject, token });
    return { token, reply };
  };
  const answer = (subject: string, data = new Uint8Array()): void => {
    void opened.at(-1)?.callback(null, { subject, data } as Msg);
  };
  return {
    inbox,
    opened,
    errors,
    log,
    ask,
    answer,
    setState: (state: BrokerState) => setState(state),
    deny: (subject: string) => deny("publish", subject),
    refuse: () => void opened.at(-1)?.callback(new Error("refused"), {} as Msg),
  };
}

describe("an inbox of replies", () => {
  it("subscribes once, for answers to every question", () => {
    const { opened, ask } = setUp();
    expect(opened).toHaveLength(0);
    const replies = ["a", "b"].map((subject) => ask(subject).reply);
    expect(opened.map(({ subject }) => subject)).toStrictEqual([replies[0]?.replace(/[^.]+$/, "*")]);
    expect(opened[0]?.subject).toMatch(/^_INBOX_test\./);
  });

  it("brings each answer to who asked, as often as it waits, and drops what nobody waits for", () => {
    const { inbox, log, ask, answer } = setUp();
    const first = ask("a");
    const second = ask("b");
    answer(second.reply);
    answer(second.reply);
    answer(first.reply);
    expect([inbox.forget(second.token), inbox.forget(second.token)]).toStrictEqual([true, false]);
    answer(second.reply);
    answer(`${first.reply}x`);
    expect(log).toStrictEqual(["b answered", "b answered", "a answered"]);
    expect(inbox.size).toBe(1);
  });

  it("gives out each token once", () => {
    const { inbox } = setUp();
    const tokens = Array.from({ length: 1_000 }, () => inbox.token());
    expect(new Set(tokens).size).toBe(1_000);
    expect(tokens.every((token) => /^[\w-]{16}$/.test(token))).toBe(true);
  });

  it("tells all when the connection is lost, whether it comes back or not", () => {
    const { inbox, log, ask, setState } = setUp();
    ask("a");
    setState("connected");
    ask("b");
    setState("disconnected");
    ask("c");
    setState("closed");
    expect(log).toStrictEqual(["a lost", "b lost", "c lost"]);
    expect(inbox.size).toBe(0);
  });

  it("tells those who asked where nobody may", () => {
    const { inbox, log, ask, deny } = setUp();
    ask("a");
    ask("b");
    ask("a");
    deny("a");
    expect(log).toStrictEqual(["a subject_denied", "a subject_denied"]);
    expect(inbox.size).toBe(1);
  });

  it("tells all when it is refused itself, and subscribes anew for the next", () => {
    const { opened, log, ask, answer, refuse } = setUp();
    ask("a");
    refuse();
    expect(log).toStrictEqual(["a inbox_denied"]);
    answer(ask("b").reply);
    expect(log.at(-1)).toBe("b answered");
    expect(new Set(opened.map(({ subject }) => subject)).size).toBe(2);
  });

  it("reports a failure of its owner by name, and goes on", () => {
    const { log, errors, ask, answer } = setUp();
    const { reply } = ask("a");
    answer(reply, new Uint8Array(1));
    answer(reply);
    expect(errors.items.map(({ message }) => message)).toStrictEqual([expect.stringContaining("the inbox")]);
    expect(log).toStrictEqual(["a answered"]);
  });
});
