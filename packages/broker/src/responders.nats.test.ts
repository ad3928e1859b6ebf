import type { NatsConnection, OwnNatsServer } from "@tidegate/testkit";
import { connectPlainNats, startNats } from "@tidegate/testkit";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Collector } from "../testing/collector.ts";
import { bytes, openBroker, ownServer } from "../testing/open-broker.ts";
import type { InboundMessage } from "./client-message.ts";
import { ServiceError } from "./service-error.ts";

let server: OwnNatsServer;
let client: NatsConnection;

beforeAll(async () => {
  server = await startNats({ own: true });
  client = await connectPlainNats(server.url);
});
afterAll(async () => {
  await client.close();
  await server.stop();
});

const SOON = { timeoutMs: 10_000 };
const ANN = { user: "Zoë", connection: "c1", claims: '{"team":"größe","admin":true}' };

describe("respond", () => {
  it("gives the handler method, payload and identity, and sends its answer", async () => {
    const service = await openBroker(server.url, { name: "service" });
    const gateway = await openBroker(server.url);
    const responder = service.broker.respond("rooms.*", "rooms", async (call) => bytes(JSON.stringify(call)));
    await responder.ready;
    const outcome = await gateway.broker.request("rooms.list", bytes("all"), { ...SOON, identity: ANN });
    expect(outcome.kind === "reply" ? JSON.parse(Buffer.from(outcome.payload).toString()) : outcome).toEqual({
      method: "rooms.list",
      payload: { 0: 97, 1: 108, 2: 108 },
      user: "Zoë",
      connection: "c1",
      claims: { team: "größe", admin: true },
    });
  });

  it("has no identity for a call of another backend, and no claims that are not an object", async () => {
    const { broker } = await openBroker(server.url);
    const responder = broker.respond("plain.*", "q", ({ user, connection, claims }) =>
      bytes(`${user} ${connection} ${JSON.stringify(claims)}`),
    );
    await responder.ready;
    expect((await client.request("rpc.plain.a", "")).string()).toBe("undefined undefined undefined");
    for (const claims of ["[1]", "null", "{broken"]) {
      const outcome = await broker.request("plain.a", bytes(""), { ...SOON, identity: { ...ANN, claims } });
      expect(outcome).toEqual({ kind: "reply", payload: bytes("Zoë c1 undefined") });
    }
  });

  it("shares calls out among the members of the group", async () => {
    const members = [
      await openBroker(server.url, { name: "m1" }),
      await openBroker(server.url, { name: "m2" }),
    ];
    const calls = [0, 0];
    await Promise.all(
      members.map(
        ({ broker }, index) =>
          broker.respond("group.*", "workers", () => {
            calls[index] = (calls[index] ?? 0) + 1;
            return bytes("ok");
          }).ready,
      ),
    );
    const { broker } = await openBroker(server.url);
    await Promise.all(Array.from({ length: 100 }, () => broker.request("group.a", bytes(""), SOON)));
    expect((calls[0] ?? 0) + (calls[1] ?? 0)).toBe(100);
    expect(Math.min(...calls)).toBeGreaterThan(0);
  });

  it("passes on a ServiceError, and hides any other from the caller", async () => {
    const { broker, errors } = await openBroker(server.url);
    const secret = new Error("password of the database");
    await broker.respond("failing.*", "q", ({ method }) => {
      if (method === "failing.known") throw new ServiceError("404", "no such room: größe");
      if (method === "failing.later") return Promise.reject(new ServiceError("409", "later"));
      throw secret;
    }).ready;
    const ask = (method: string) => broker.request(method, bytes(""), SOON);
    const empty = bytes("");
    expect(await ask("failing.known")).toEqual({
      kind: "service_error",
      status: "404",
      message: "no such room: größe",
      payload: empty,
    });
    expect(await ask("failing.later")).toMatchObject({ kind: "service_error", status: "409" });
    expect(await ask("failing.other")).toEqual({
      kind: "service_error",
      status: "500",
      message: "internal error",
      payload: empty,
    });
    expect(broker.stats.callbackErrors).toBe(1);
    expect(errors.items).toMatchObject([{ code: "callback_failed", cause: secret }]);
  });

  it("answers with an error when the reply is too large to send", async () => {
    const { broker } = await openBroker(server.url);
    await broker.respond("large.*", "q", () => new Uint8Array(broker.maxPayload + 1)).ready;
    expect(await broker.request("large.a", bytes(""), SOON)).toMatchObject({
      kind: "service_error",
      status: "500",
    });
  });

  it("handles a call that wants no answer", async () => {
    const { broker } = await openBroker(server.url);
    const seen = new Collector<string>();
    await broker.respond("oneway.*", "q", ({ method }) => {
      seen.push(method);
      return bytes("unwanted");
    }).ready;
    client.publish("rpc.oneway.a", "");
    expect(await seen.count(1)).toEqual(["oneway.a"]);
    await broker.flush();
    expect(broker.stats.sendsRefused).toBe(0);
  });

  it("takes no calls after it was closed", async () => {
    const { broker } = await openBroker(server.url);
    const responder = broker.respond("closing.*", "q", () => bytes("ok"));
    await responder.ready;
    responder.close();
    responder.close();
    expect(await broker.request("closing.a", bytes(""), SOON)).toEqual({ kind: "no_responders" });
  });

  it("is denied when permissions forbid it", async () => {
    const guarded = await ownServer({
      config: `accounts { A { users: [ { user: s, password: s, permissions: { subscribe: { deny: ["rpc.>"] } } } ] } }`,
    });
    const { broker } = await openBroker(guarded.url, {
      credentials: { kind: "password", user: "s", password: "s" },
    });
    await expect(broker.respond("a.*", "q", () => bytes("")).ready).rejects.toMatchObject({ code: "denied" });
  });
});

describe("onInbound", () => {
  it("gets what clients send to the backends of a channel", async () => {
    const { broker } = await openBroker(server.url);
    const inbound = new Collector<InboundMessage>();
    await broker.onInbound("chat.>", "q", inbound.push).ready;
    broker.publish("chat.lobby", bytes("direct"), { lane: "direct", identity: ANN });
    broker.publish("chat.lobby", bytes("hi"), { lane: "backend", event: "typed", identity: ANN });
    broker.publish("chat.lobby", bytes("own"), { lane: "backend" });
    expect(await inbound.count(2)).toEqual([
      {
        channel: "chat.lobby",
        payload: bytes("hi"),
        event: "typed",
        publisher: { user: "Zoë", connection: "c1", claims: { team: "größe", admin: true } },
      },
      { channel: "chat.lobby", payload: bytes("own"), event: undefined, publisher: undefined },
    ]);
  });

  it("goes on after a listener threw or rejected", async () => {
    const { broker, errors } = await openBroker(server.url);
    const seen = new Collector<string>();
    await broker.onInbound("faulty.*", "q", ({ channel }) => {
      seen.push(channel);
      if (channel === "faulty.throws") throw new Error("at once");
      return Promise.reject(new Error("later"));
    }).ready;
    for (const channel of ["faulty.throws", "faulty.rejects", "faulty.third"]) {
      broker.publish(channel, bytes(""), { lane: "backend" });
    }
    await seen.count(3);
    await errors.count(3);
    expect(broker.stats.callbackErrors).toBe(3);
    expect(broker.state).toBe("connected");
  });
});
