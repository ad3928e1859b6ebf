import { plainNatsHeaders } from "@tidegate/testkit";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { type Client, type Received, startNode, userToken } from "../testing/running-node.ts";

const node = await startNode({
  auth: { forwardClaims: ["role"] },
  limits: { subscriptionsPerConnection: 5, payloadBytes: "8KiB", frameBytes: "16KiB", outboxBytes: "16MiB" },
});
afterAll(() => node[Symbol.asyncDispose]());

const BINARY = Buffer.from([0xff, 0x0a, 0x22]);

let channels = 0;
/** A channel that no other test uses. */
function newChannel(namespace = "chat"): string {
  channels += 1;
  return `${namespace}.c${channels}`;
}

/** What a plain NATS subscriber sees on a subject of the node. */
async function backendSubscription(subject: string) {
  const iterator = node.backend.subscribe(subject)[Symbol.asyncIterator]();
  // Known to the server, whichever connection it reads first.
  await node.backend.flush();
  return async () => {
    const { value: message } = await iterator.next();
    const headers = Object.fromEntries(
      (message?.headers?.keys() ?? []).map((key: string) => [key, message?.headers?.get(key)]),
    );
    return { subject: message?.subject, data: Buffer.from(message?.data ?? []), headers };
  };
}

/** A raw client of a channel that others have already: it hears nothing of its subscription, but then it stands at once. */
async function rawClient(channel: string): Promise<Client> {
  const query = `format=raw&channels=${channel}&access_token=${await userToken()}`;
  return node.counts('tidegate_authentications_total{outcome="ok"}', () => node.open({ query }));
}

async function answer(client: Client, message: object): Promise<Received> {
  const { id } = message as { id: number };
  client.send(message);
  return client.next((received) => received.id === id);
}

describe("subscribe", () => {
  it("delivers what is published from subscribed on, to everybody who subscribed", async () => {
    const channel = newChannel();
    await using first = await node.subscriber([channel]);
    await using second = await node.connect({ user: "bob" });
    expect(await answer(second, { type: "subscribe", id: 2, channel })).toStrictEqual({
      type: "subscribed",
      id: 2,
      channel,
    });
    node.publish(channel, '{"n":1}');
    for (const client of [first, second]) {
      expect(await client.next("message")).toStrictEqual({
        type: "message",
        channel,
        data: { n: 1 },
        time: expect.any(Number),
      });
    }
  });

  it("delivers to patterns under the channel's own name, once for each subscription that names it", async () => {
    const channel = `${newChannel()}.deep`;
    const pattern = channel.replace(".deep", ".*");
    await using client = await node.subscriber([channel, pattern, "chat.>"]);
    node.publish(channel, "1");
    for (let count = 0; count < 3; count += 1) {
      expect(await client.next("message")).toMatchObject({ channel, data: 1 });
    }
    client.send({ type: "ping", id: 2 });
    await client.next("ok");
    expect(client.pending).toStrictEqual([]);
  });

  it("keeps a pattern from catching what is shorter or longer", async () => {
    const channel = newChannel();
    await using client = await node.subscriber([`${channel}.*`]);
    node.publish(channel, "1");
    node.publish(`${channel}.a.b`, "2");
    node.publish(`${channel}.a`, "3");
    expect((await client.next("message")).data).toBe(3);
    expect(client.pending).toStrictEqual([]);
  });

  it.each([
    ["a channel without a grant", "feed.secret.x", "feed.>", "forbidden"],
    ["a pattern that the grant does not cover whole", "chat.*", "chat.lobby", "forbidden"],
    ["everything", ">", ">", "forbidden"],
    ["every namespace", "*.lobby", ">", "forbidden"],
    ["a namespace that is not configured", "secret.a", ">", "forbidden"],
    ["a broken channel", "chat..a", ">", "channel_invalid"],
    ["a wildcard within a token", "chat.a*", ">", "channel_invalid"],
    ["a wildcard before the end", "chat.>.a", ">", "channel_invalid"],
    ["too long a channel", `chat.${"x".repeat(200)}`, ">", "channel_invalid"],
    ["another alphabet", "chat.größe", ">", "channel_invalid"],
  ])("refuses %s", async (_what, channel, grant, code) => {
    const grants = { subscribe: code === "forbidden" && grant === "feed.>" ? ["chat.>"] : [grant] };
    const own = channel === "feed.secret.x" ? "user.bob.x" : channel;
    await using client = await node.connect({ token: await userToken({ grants }) });
    expect(await answer(client, { type: "subscribe", id: 2, channel: own })).toMatchObject({
      type: "error",
      code,
      channel: own,
      retryable: false,
    });
  });

  it("grants by the user's own name what the namespace says", async () => {
    await using client = await node.subscriber(["user.ada.inbox"]);
    node.publish("user.ada.inbox", '"you have mail"');
    expect((await client.next("message")).data).toBe("you have mail");
  });

  it("refuses what is subscribed already, and more than a connection may have", async () => {
    await using client = await node.subscriber(["chat.1", "chat.2", "chat.3", "chat.4"]);
    expect(await answer(client, { type: "subscribe", id: 2, channel: "chat.1" })).toMatchObject({
      code: "already_subscribed",
    });
    await answer(client, { type: "subscribe", id: 3, channel: "chat.5" });
    expect(await answer(client, { type: "subscribe", id: 4, channel: "chat.6" })).toMatchObject({
      code: "subscription_limit",
    });
    await answer(client, { type: "unsubscribe", id: 5, channel: "chat.2" });
    expect(await answer(client, { type: "subscribe", id: 6, channel: "chat.6" })).toMatchObject({
      type: "subscribed",
    });
  });

  it("names the same channel in address and connect once", async () => {
    const channel = newChannel();
    await using client = await node.open({ query: `channels=${channel}` });
    client.send({ type: "connect", id: 1, token: await userToken(), channels: [channel] });
    await client.next("subscribed");
    client.send({ type: "ping", id: 2 });
    await client.next("ok");
    expect(client.pending).toMatchObject([{ type: "connected" }]);
  });
});

describe("unsubscribe", () => {
  it("ends the subscription: nothing follows the answer, and others go on", async () => {
    const channel = newChannel();
    await using leaving = await node.subscriber([channel]);
    await using staying = await node.subscriber([channel]);
    expect(await answer(leaving, { type: "unsubscribe", id: 2, channel })).toStrictEqual({
      type: "unsubscribed",
      id: 2,
      channel,
    });
    node.publish(channel, "1");
    await staying.next("message");
    expect(await answer(leaving, { type: "ping", id: 3 })).toMatchObject({ type: "ok" });
    expect(leaving.pending.filter(({ type }) => type === "message")).toStrictEqual([]);
    expect(await answer(leaving, { type: "unsubscribe", id: 4, channel })).toMatchObject({
      code: "not_subscribed",
    });
  });

  it("answers both when the subscription was pending", async () => {
    const channel = newChannel();
    await using client = await node.connect();
    client.sendText(JSON.stringify({ type: "subscribe", id: 2, channel }));
    client.sendText(JSON.stringify({ type: "unsubscribe", id: 3, channel }));
    expect(await client.next((message) => message.id === 3)).toMatchObject({ type: "unsubscribed" });
    const subscribed = await client.next((message) => message.id === 2);
    expect(subscribed.type === "subscribed" || subscribed.code === "not_subscribed").toBe(true);
    expect(await answer(client, { type: "subscribe", id: 4, channel })).toMatchObject({ type: "subscribed" });
  });

  it("can be followed by another subscription at once", async () => {
    const channel = newChannel();
    await using client = await node.subscriber([channel]);
    client.send({ type: "unsubscribe", id: 2, channel });
    expect(await answer(client, { type: "subscribe", id: 3, channel })).toMatchObject({ type: "subscribed" });
    node.publish(channel, "1");
    await client.next("message");
    client.send({ type: "ping", id: 4 });
    await client.next("ok");
    expect(client.pending.filter(({ type }) => type === "message")).toStrictEqual([]);
  });
});

describe("publish", () => {
  it("goes to subscribers and to plain NATS, with the publisher's identity", async () => {
    const channel = newChannel();
    const seen = await backendSubscription(`${node.prefix}.${channel}`);
    await using client = await node.open();
    client.send({
      type: "connect",
      id: 1,
      token: await userToken({ extra: { role: "admin", secret: 1 } }),
      channels: [channel],
    });
    const { connection } = await client.next("connected");
    await client.next("subscribed");
    expect(
      await answer(client, { type: "publish", id: 2, channel, event: "said", data: { text: "hi" } }),
    ).toStrictEqual({
      type: "ok",
      id: 2,
    });
    expect(await client.next("message")).toStrictEqual({
      type: "message",
      channel,
      data: { text: "hi" },
      event: "said",
      from: { user: "ada", connection },
      time: expect.any(Number),
    });
    expect(await seen()).toStrictEqual({
      subject: `${node.prefix}.${channel}`,
      data: Buffer.from('{"text":"hi"}'),
      headers: {
        "Tidegate-Event": "said",
        "Tidegate-User": "ada",
        "Tidegate-Connection": connection,
        "Tidegate-Claims": '{"role":"admin"}',
      },
    });
  });

  it("goes to the backends alone where the namespace says so", async () => {
    const channel = newChannel("jobs");
    const inbound = await backendSubscription(`${node.prefix}in.${channel}`);
    await using client = await node.subscriber([channel]);
    await answer(client, { type: "publish", id: 2, channel, data: 1 });
    expect(await inbound()).toMatchObject({ data: Buffer.from("1"), headers: { "Tidegate-User": "ada" } });
    node.publish(channel, '"decided"');
    expect(await client.next("message")).toMatchObject({ data: "decided" });
    expect(client.pending.filter(({ type }) => type === "message")).toStrictEqual([]);
  });

  it.each([
    ["a namespace that takes nothing, whatever the token grants", "feed.a", { data: 1 }, "forbidden"],
    ["a channel without a grant", "user.ada.inbox", { data: 1 }, "forbidden"],
    ["a wildcard", "chat.*", { data: 1 }, "channel_invalid"],
    ["no data", "chat.a", {}, "invalid_field"],
    ["an encoding that is none", "chat.a", { data: "x", encoding: "hex" }, "invalid_field"],
    ["base64 that is none", "chat.a", { data: "x", encoding: "base64" }, "invalid_field"],
    ["too large a payload", "chat.a", { data: "x".repeat(8_200) }, "payload_too_large"],
    [
      "a control character in the event",
      "chat.a",
      { data: 1, event: "a\r\nTidegate-User: root" },
      "invalid_field",
    ],
    ["an empty event", "chat.a", { data: 1, event: "" }, "invalid_field"],
  ])("refuses %s", async (_what, channel, fields, code) => {
    await using client = await node.connect();
    expect(await answer(client, { type: "publish", id: 2, channel, ...fields })).toMatchObject({
      code,
      id: 2,
    });
  });

  it("lets nobody forge an identity", async () => {
    const channel = newChannel();
    const seen = await backendSubscription(`${node.prefix}.${channel}`);
    await using client = await node.connect({ user: "eve" });
    await answer(client, {
      type: "publish",
      id: 2,
      channel,
      event: "Tidegate-User: root",
      data: 1,
      headers: { "Tidegate-User": "root" },
      from: { user: "root", connection: "n1-x-1" },
      user: "root",
    });
    const { headers } = await seen();
    expect(headers).toMatchObject({ "Tidegate-User": "eve", "Tidegate-Event": "Tidegate-User: root" });
    expect(Object.keys(headers)).not.toContain("Tidegate-Claims");
  });

  it.each([
    ["a number beyond doubles", '{"id":12345678901234567890.50}'],
    ["spaces and repeated keys", '{ "a" : 1 ,\t"a":2 }'],
    ["escapes", '"\\u00e9\\/\\ud83d\\ude00"'],
  ])("passes %s through as it was written, to backends and subscribers", async (_what, json) => {
    const channel = newChannel();
    const seen = await backendSubscription(`${node.prefix}.${channel}`);
    await using client = await node.subscriber([channel]);
    client.sendText(`{"type":"publish","id":2,"channel":"${channel}","data":${json}}`);
    expect((await seen()).data.toString()).toBe(json);
    await client.next("message");
    const frame = client.frames.find(
      (candidate) => candidate.kind === "text" && candidate.text.includes('"message"'),
    );
    expect(frame?.kind === "text" && frame.text).toContain(`"data":${json}}`);
  });

  it("takes text, base64 and binary frames for what they stand for", async () => {
    const channel = newChannel();
    const seen = await backendSubscription(`${node.prefix}.${channel}`);
    await using client = await node.connect();
    await answer(client, { type: "publish", id: 2, channel, data: 'not "JSON"', encoding: "text" });
    expect((await seen()).data.toString()).toBe('not "JSON"');
    await answer(client, { type: "publish", id: 3, channel, data: "/wAK", encoding: "base64" });
    expect((await seen()).data).toStrictEqual(Buffer.from([0xff, 0x00, 0x0a]));
    client.sendBinary(
      Buffer.concat([
        Buffer.from(`{"type":"publish","id":4,"channel":"${channel}","event":"raw"}\n`),
        Buffer.from([0, 0x0a, 0xff]),
      ]),
    );
    expect(await client.next("ok")).toMatchObject({ id: 4 });
    expect(await seen()).toMatchObject({
      data: Buffer.from([0, 0x0a, 0xff]),
      headers: { "Tidegate-Event": "raw" },
    });
  });

  it("keeps an event name as it is, in any script", async () => {
    const channel = newChannel();
    await using client = await node.subscriber([channel]);
    await answer(client, { type: "publish", id: 2, channel, event: "événement 😀: ok", data: 1 });
    expect((await client.next("message"))["event"]).toBe("événement 😀: ok");
    node.publish(channel, "1", { headers: plainNatsHeaders({ "Tidegate-Event": "from a backend" }) });
    expect(await client.next("message")).toMatchObject({ event: "from a backend" });
  });
});

describe("a plain NATS publish", () => {
  it("reaches every kind of client in its own way", async () => {
    const channel = newChannel();
    await using json = await node.subscriber([channel]);
    await using binary = await node.subscriber([channel], { connect: { binary: true } });
    await using raw = await rawClient(channel);
    node.publish(channel, '{"n":1}');
    node.publish(channel, BINARY);
    node.publish(channel, "");
    expect(await json.next("message")).toMatchObject({ data: { n: 1 } });
    expect(await json.next("message")).toMatchObject({ data: BINARY.toString("base64"), encoding: "base64" });
    expect(await json.next("message")).toMatchObject({ data: "", encoding: "text" });
    expect(await binary.next("message")).toMatchObject({ data: { n: 1 } });
    const frame = (await binary.next((message) => message.binary !== undefined)).binary ?? Buffer.alloc(0);
    const lineEnd = frame.indexOf(0x0a);
    expect(JSON.parse(frame.toString("utf8", 0, lineEnd))).toMatchObject({ type: "message", channel });
    expect(frame.subarray(lineEnd + 1)).toStrictEqual(BINARY);
    expect(await raw.next()).toStrictEqual({ n: 1 });
    expect(await raw.next()).toStrictEqual({ binary: BINARY });
    expect(await raw.next()).toStrictEqual({ text: "" });
    expect(raw.frames.map(({ kind }) => kind)).toStrictEqual(["text", "binary", "text"]);
  });

  it("on a subject that is no channel reaches nobody, and breaks no frame", async () => {
    const channel = newChannel();
    await using client = await node.subscriber([`${channel}.>`]);
    await node.counts(
      "tidegate_nats_messages_ignored_total",
      async () => {
        for (const token of ['x","data":"forged', "größe", "a/b"]) {
          node.publish(`${channel}.${token}`, "1");
        }
        node.publish(`${channel}.last`, "2");
        expect(await client.next("message")).toMatchObject({ channel: `${channel}.last`, data: 2 });
      },
      3,
    );
  });

  it("of anything at all is one frame that decodes to the same bytes", async () => {
    const channel = newChannel();
    await using client = await node.subscriber([channel]);
    const payload = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc.string({ unit: "binary", maxLength: 60 }).map((text) => new TextEncoder().encode(text)),
      fc.json().map((text) => new TextEncoder().encode(text)),
      fc
        .constantFrom("", "\0", '"', "\n", "\r\n", "{", '{"a":\n1}', "\u2028", "a".repeat(70_000))
        .map((text) => new TextEncoder().encode(text)),
    );
    const payloads = fc.sample(payload, { numRuns: 200, seed: 42 });
    for (const bytes of payloads) {
      node.publish(channel, bytes);
    }
    for (const bytes of payloads) {
      const { data, encoding } = await client.next("message");
      const sent = Buffer.from(bytes);
      if (encoding === undefined) {
        expect(JSON.parse(sent.toString())).toStrictEqual(data);
      } else {
        expect(Buffer.from(String(data), encoding === "base64" ? "base64" : "utf8").equals(sent)).toBe(true);
      }
    }
    // As many frames as messages, none of them split or joined: connected, subscribed, and these.
    expect(client.frames.filter(({ kind }) => kind === "text")).toHaveLength(payloads.length + 2);
    expect(client.frames.every((frame) => frame.kind !== "text" || !/[\r\n]/.test(frame.text))).toBe(true);
  });

  it("of almost a mebibyte arrives whole, whatever it holds", async () => {
    const channel = newChannel();
    await using json = await node.subscriber([channel]);
    await using raw = await rawClient(channel);
    const size = 1_048_576 - 1_024;
    const bytes = Buffer.alloc(size, 0xfe);
    const text = `${"é".repeat((size - 2) / 2)}\n`;
    const document = JSON.stringify({ filler: "x".repeat(size - 20) });
    for (const payload of [bytes, text, document]) {
      node.publish(channel, payload);
    }
    const received = [await json.next("message"), await json.next("message"), await json.next("message")];
    expect(Buffer.from(String(received[0]?.data), "base64").equals(bytes)).toBe(true);
    expect(received[1]).toMatchObject({ encoding: "text" });
    expect(received[1]?.data === text).toBe(true);
    expect(JSON.stringify(received[2]?.data) === document).toBe(true);
    expect((await raw.next()).binary?.equals(bytes)).toBe(true);
    expect((await raw.next()).text === text).toBe(true);
  });

  it("keeps the order in which one publisher published, through a burst", async () => {
    const channel = newChannel();
    await using client = await node.subscriber([channel]);
    for (let sent = 0; sent < 5_000; sent += 1) {
      node.publish(channel, String(sent));
    }
    const received: unknown[] = [];
    while (received.length < 5_000) {
      received.push((await client.next("message")).data);
    }
    expect(received).toStrictEqual(Array.from({ length: 5_000 }, (_, index) => index));
  });
});

describe("a raw connection", () => {
  it("authenticates by a single connect", async () => {
    const channel = newChannel();
    await using other = await node.subscriber([channel]);
    await using client = await node.open({ query: `format=raw&channels=${channel}` });
    const token = await userToken();
    await node.counts('tidegate_authentications_total{outcome="ok"}', async () =>
      client.send({ type: "connect", id: 1, token }),
    );
    node.publish(channel, "hello");
    expect(await client.next()).toStrictEqual({ text: "hello" });
    expect(client.frames).toHaveLength(1);
    await other.next("message");
  });

  it.each([
    ["when it is anonymous", "channels=news.world"],
    ["instead of the connect that it needs", "channels=news.world,chat.a"],
  ])("is closed for anything else that it sends %s", async (_when, query) => {
    await node.counts('tidegate_closes_total{code="receive_only"}', async () => {
      const client = await node.open({ query: `format=raw&${query}` });
      client.send({ type: "ping", id: 1 });
      expect((await client.closed).code).toBe(4508);
    });
  });

  it("is closed for a channel that its token does not grant", async () => {
    const client = await node.open({
      query: `format=raw&channels=feed.a,user.bob.x&access_token=${await userToken()}`,
    });
    expect((await client.closed).code).toBe(4503);
    expect(client.frames).toStrictEqual([]);
  });

  it("is all that a page needs", async () => {
    const socket = new WebSocket(node.url("channels=news.world&format=raw"));
    const message = new Promise<unknown>((resolve) => {
      socket.onmessage = ({ data }) => resolve(data);
    });
    await new Promise((resolve) => {
      socket.onopen = resolve;
    });
    await expect
      .poll(async () => {
        node.publish("news.world", "from anywhere");
        return Promise.race([message, new Promise((resolve) => setTimeout(resolve, 20))]);
      })
      .toBe("from anywhere");
    socket.close();
  });
});
