import { describe, expect, it } from "vitest";
import { fixture } from "../../testing/connection-fixture.ts";
import { turns } from "../../testing/turns.ts";

/** A connection that has to wait for its turn, which comes when the test says so. */
function arriving({ hasRoom = true, channels = [] as readonly string[] } = {}) {
  const waiting: (() => void)[] = [];
  const all = fixture({ channels });
  Object.assign(all.context, {
    arrivals: { isOpen: false, admit: (enter: () => void) => hasRoom && waiting.push(enter) > 0 },
  });
  const letIn = async (): Promise<void> => {
    for (const enter of waiting.splice(0)) {
      enter();
    }
    await turns();
  };
  return { ...all, letIn };
}

describe("a connection that has to wait for its turn", () => {
  it("is let in then, by the token of its handshake", async () => {
    const { connection, verifier, types, letIn } = arriving({ channels: ["chat.lobby"] });
    connection.begin(verifier.accept("good"));
    await turns();
    expect([verifier.asked, types()]).toStrictEqual([[], []]);
    await letIn();
    expect(types()).toStrictEqual(["connected", "subscribed"]);
  });

  it("is told all in one write, as far as it is known at once", async () => {
    const { connection, socket, letIn } = arriving({ channels: ["news.world", "news.*"] });
    connection.begin(undefined);
    await letIn();
    expect(socket.sent.map(({ cork }) => cork)[0]).toBe(1);
    expect(socket.corks).toBe(1);
  });

  it("gets answers to what it sent meanwhile, in order, and once", async () => {
    const { connection, verifier, socket, send, types, letIn } = arriving();
    connection.begin(undefined);
    send({ type: "connect", id: 1, token: verifier.accept("good") });
    send({ type: "subscribe", id: 2, channel: "chat.lobby" });
    send({ type: "ping", id: 3 });
    await turns();
    expect(types()).toStrictEqual([]);
    await letIn();
    expect(types().toSorted()).toStrictEqual(["connected", "ok", "subscribed"]);
    expect(socket.messages[0]).toMatchObject({ type: "connected", id: 1 });
    expect(verifier.asked).toStrictEqual(["good"]);
  });

  it("holds no more than may wait", async () => {
    const { connection, verifier, send, endings, letIn } = arriving();
    connection.begin(undefined);
    send({ type: "connect", id: 1, token: verifier.accept("good") });
    for (let id = 2; id < 10; id += 1) {
      send({ type: "ping", id });
    }
    expect(endings()).toStrictEqual(["unauthenticated_limit"]);
    await letIn();
    expect(verifier.asked).toStrictEqual([]);
  });

  it("is closed with when to come back if too many wait", async () => {
    const { connection, socket, metric, verifier } = arriving({ hasRoom: false });
    connection.begin(verifier.accept("good"));
    await turns();
    expect(socket.ends).toStrictEqual([
      { name: "overloaded", reason: "too many connect at once; retry=1000" },
    ]);
    expect(await metric('tidegate_closes_total{code="overloaded"}')).toBe(1);
    expect(verifier.asked).toStrictEqual([]);
  });

  it("is closed if its turn does not come in time", () => {
    const { connection, verifier, pass, endings } = arriving();
    connection.begin(verifier.accept("good"));
    pass(11_000);
    expect(endings()).toStrictEqual(["connect_timeout"]);
  });

  it("costs the others nothing if it fails, and is closed", async () => {
    const { connection, context, endings, logged, letIn } = arriving();
    Object.assign(context.verifier, {
      verify: () => {
        throw new Error("a defect");
      },
    });
    connection.begin("any");
    await letIn();
    expect(endings()).toStrictEqual(["internal_error"]);
    expect(logged.at(-2)).toMatchObject({ msg: "a connection failed" });
  });
});
