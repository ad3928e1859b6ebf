import type { NatsConnection, OwnNatsServer } from "@tidegate/testkit";
import { connectPlainNats, plainNatsHeaders, startNats, waitUntil } from "@tidegate/testkit";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Collector } from "../testing/collector.ts";
import { kept, openBroker, ownServer } from "../testing/open-broker.ts";
import type { Broker } from "./broker.ts";
import type { BrokerError } from "./broker-error.ts";
import type { LiveMessage } from "./live-message.ts";

let server: OwnNatsServer;
let backend: NatsConnection;

beforeAll(async () => {
  server = await startNats({ own: true, monitor: true });
  backend = await connectPlainNats(server.url);
});
afterAll(async () => {
  await backend.close();
  await server.stop();
});

function listen(broker: Broker, target: string) {
  const messages = new Collector<ReturnType<typeof kept>>();
  const ends = new Collector<BrokerError>();
  const subscription = broker.subscribe(target, (message) => messages.push(kept(message)), ends.push);
  return { messages, ends, subscription };
}

/** Subjects below `rt.` that the server knows of, whoever subscribed. */
async function liveSubjects(): Promise<string[]> {
  const page = await fetch(`${server.monitorUrl}/subsz?subs=1&limit=1000`);
  const { subscriptions_list: list = [] } = (await page.json()) as {
    subscriptions_list?: { subject: string }[];
  };
  return list.map(({ subject }) => subject).filter((subject) => subject.startsWith("rt."));
}

describe("subscribe", () => {
  it("delivers a plain publish to the literal channel", async () => {
    const { broker } = await openBroker(server.url);
    const { messages, subscription } = listen(broker, "chat.lobby");
    await subscription.ready;
    backend.publish("rt.chat.lobby", "hello");
    backend.publish("rt.chat.other", "not for us");
    backend.publish("rt.chat.lobby", "again");
    expect(await messages.count(2)).toEqual([
      { channel: "chat.lobby", payload: "hello", event: undefined, publisher: undefined },
      { channel: "chat.lobby", payload: "again", event: undefined, publisher: undefined },
    ]);
  });

  it.each([
    ["chat.*", ["chat.a"]],
    ["chat.>", ["chat.a", "chat.a.b"]],
    ["*.a", ["chat.a", "news.a"]],
  ])("delivers to the pattern %s, with the channel of each message", async (pattern, expected) => {
    const { broker } = await openBroker(server.url);
    const { messages, subscription } = listen(broker, pattern);
    await subscription.ready;
    for (const channel of ["chat.a", "chat.a.b", "news.a", "news.b"]) backend.publish(`rt.${channel}`, "x");
    await backend.flush();
    await broker.flush();
    expect(messages.items.map(({ channel }) => channel)).toEqual(expected);
  });

  it("reads what a message is the latest state of", async () => {
    const { broker } = await openBroker(server.url);
    const { messages, subscription } = listen(broker, "ticker.fx");
    await subscription.ready;
    backend.publish("rt.ticker.fx", "1.09", {
      headers: plainNatsHeaders({ "Tidegate-Conflate-Key": "EUR/USD" }),
    });
    backend.publish("rt.ticker.fx", "open");
    expect((await messages.count(2)).map(({ conflateKey }) => conflateKey)).toEqual(["EUR/USD", undefined]);
  });

  it("reads event and publisher from the headers, the last value counting", async () => {
    const { broker } = await openBroker(server.url);
    const { messages, subscription } = listen(broker, "chat.headers");
    await subscription.ready;
    const headers = plainNatsHeaders({
      Other: "x",
      "Tidegate-Event": ["first", "moved"],
      "Tidegate-User": "Zoë",
      "Tidegate-Connection": "c1",
    });
    backend.publish("rt.chat.headers", "with headers", { headers });
    backend.publish("rt.chat.headers", "only an event", {
      headers: plainNatsHeaders({ "Tidegate-Event": "e" }),
    });
    backend.publish("rt.chat.headers", "", { headers: plainNatsHeaders({ Other: "x" }) });
    const publisher = { user: "Zoë", connection: "c1" };
    expect(await messages.count(3)).toEqual([
      { channel: "chat.headers", payload: "with headers", event: "moved", publisher },
      { channel: "chat.headers", payload: "only an event", event: "e", publisher: undefined },
      { channel: "chat.headers", payload: "", event: undefined, publisher: undefined },
    ]);
  });

  it("delivers a payload that arrives in several reads", async () => {
    const { broker } = await openBroker(server.url);
    const { messages, subscription } = listen(broker, "chat.large");
    await subscription.ready;
    const large = "0123456789".repeat(70_000);
    backend.publish("rt.chat.large", large, { headers: plainNatsHeaders({ "Tidegate-Event": "large" }) });
    const [message] = await messages.count(1);
    expect(message?.event).toBe("large");
    expect(message?.payload === large).toBe(true);
  });

  it("uses the configured subject prefix", async () => {
    const { broker } = await openBroker(server.url, { subjectPrefix: "staging" });
    const { messages, subscription } = listen(broker, "chat.*");
    await subscription.ready;
    backend.publish("rt.chat.a", "production");
    backend.publish("staging.chat.a", "staging");
    expect((await messages.count(1))[0]).toMatchObject({ channel: "chat.a", payload: "staging" });
  });

  it("shares one NATS subscription among all who want the same", async () => {
    const { broker } = await openBroker(server.url, { lingerMs: 0 });
    const first = listen(broker, "shared.a");
    const second = listen(broker, "shared.a");
    await Promise.all([first.subscription.ready, second.subscription.ready]);
    expect(broker.stats.liveSubscriptions).toBe(1);
    expect(await liveSubjects()).toEqual(["rt.shared.a"]);
    backend.publish("rt.shared.a", "to both");
    await Promise.all([first.messages.count(1), second.messages.count(1)]);

    first.subscription.close();
    first.subscription.close();
    backend.publish("rt.shared.a", "to the second");
    await second.messages.count(2);
    expect(first.messages.items).toHaveLength(1);
    expect(broker.stats.liveSubscriptions).toBe(1);

    second.subscription.close();
    await broker.flush();
    expect(broker.stats.liveSubscriptions).toBe(0);
    expect(await liveSubjects()).toEqual([]);
  });

  it("confirms many subscriptions made at once", async () => {
    const { broker } = await openBroker(server.url);
    const subscriptions = Array.from({ length: 500 }, (_, index) => listen(broker, `many.${index}`));
    await Promise.all(subscriptions.map(({ subscription }) => subscription.ready));
    expect(broker.stats.liveSubscriptions).toBe(500);
    backend.publish("rt.many.499", "x");
    await subscriptions[499]?.messages.count(1);
  });

  it("keeps a subscription for the linger, reuses it, and ends it afterwards", async () => {
    const { broker } = await openBroker(server.url, { lingerMs: 200 });
    const first = listen(broker, "linger.a");
    await first.subscription.ready;
    first.subscription.close();
    expect(broker.stats).toMatchObject({ liveSubscriptions: 1, lingeringSubscriptions: 1 });
    backend.publish("rt.linger.a", "to nobody");
    await backend.flush();
    await broker.flush();
    expect(first.messages.items).toEqual([]);

    const again = listen(broker, "linger.a");
    expect(broker.stats).toMatchObject({ liveSubscriptions: 1, lingeringSubscriptions: 0 });
    await again.subscription.ready;
    backend.publish("rt.linger.a", "to the second");
    expect(await again.messages.count(1)).toMatchObject([{ payload: "to the second" }]);

    again.subscription.close();
    await waitUntil(() => broker.stats.liveSubscriptions === 0, { message: "the linger to end" });
    await broker.flush();
    expect(await liveSubjects()).toEqual([]);
  });

  it("goes on after a listener threw, for this one and for all others", async () => {
    const { broker, errors } = await openBroker(server.url);
    const cause = new Error("a mistake in the caller's code");
    const throwing = broker.subscribe(
      "chat.throw",
      () => {
        throw cause;
      },
      () => {},
    );
    const sound = listen(broker, "chat.throw");
    await Promise.all([throwing.ready, sound.subscription.ready]);
    backend.publish("rt.chat.throw", "1");
    backend.publish("rt.chat.throw", "2");
    await sound.messages.count(2);
    expect(broker.stats.callbackErrors).toBe(2);
    expect(errors.items[0]).toMatchObject({ code: "callback_failed", cause });
    await broker.flush();
    expect(broker.state).toBe("connected");
  });

  it("survives an onError that throws", async () => {
    const { broker } = await openBroker(server.url, {
      onError: () => {
        throw new Error("the log is full");
      },
    });
    const sound = listen(broker, "chat.throw2");
    broker.subscribe(
      "chat.throw2",
      () => {
        throw new Error("listener");
      },
      () => {},
    );
    await sound.subscription.ready;
    backend.publish("rt.chat.throw2", "1");
    backend.publish("rt.chat.throw2", "2");
    await sound.messages.count(2);
    expect(broker.state).toBe("connected");
  });

  it("lets a listener close and subscribe while it is called", async () => {
    const { broker } = await openBroker(server.url);
    const seen = new Collector<string>();
    const sub = (name: string, then: () => void) =>
      broker.subscribe(
        "chat.reentrant",
        ({ payload }: LiveMessage) => {
          seen.push(`${name}:${Buffer.from(payload)}`);
          then();
        },
        () => {},
      );
    const first = sub("first", () => {
      first.close();
      second.close();
      sub("third", () => {});
    });
    const second = sub("second", () => {});
    await Promise.all([first.ready, second.ready]);
    backend.publish("rt.chat.reentrant", "1");
    backend.publish("rt.chat.reentrant", "2");
    await seen.count(2);
    await broker.flush();
    expect(seen.items).toEqual(["first:1", "third:2"]);
  });

  it("settles ready when it is closed at once", async () => {
    const { broker } = await openBroker(server.url);
    const { subscription, ends } = listen(broker, "chat.brief");
    subscription.close();
    await expect(subscription.ready).rejects.toMatchObject({ code: "closed" });
    expect(ends.items).toEqual([]);
  });
});

describe("a subscription that NATS permissions forbid", () => {
  const config = `
    accounts { A { users: [
      { user: gw, password: gw, permissions: { subscribe: { deny: ["rt.secret.>"] } } }
    ] } }`;
  const credentials = { kind: "password", user: "gw", password: "gw" } as const;

  it("rejects ready as denied and leaves everything else alone", async () => {
    const guarded = await ownServer({ config });
    const { broker, errors } = await openBroker(guarded.url, { credentials });
    const forbidden = [listen(broker, "secret.plans"), listen(broker, "secret.plans")];
    const allowed = listen(broker, "chat.lobby");
    for (const { subscription } of forbidden) {
      await expect(subscription.ready).rejects.toMatchObject({ code: "denied" });
    }
    await allowed.subscription.ready;
    expect(forbidden.flatMap(({ ends }) => ends.items)).toEqual([]);
    expect(broker.stats.liveSubscriptions).toBe(1);
    const reported = await errors.match(({ code }) => code === "denied");
    expect(reported.message).toContain("rt.secret.plans");
    const again = listen(broker, "secret.plans");
    await expect(again.subscription.ready).rejects.toMatchObject({ code: "denied" });
  });
});
