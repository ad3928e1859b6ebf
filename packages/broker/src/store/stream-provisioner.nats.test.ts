import { describe, expect, it, onTestFinished } from "vitest";
import { openBroker, ownServer, plainClient } from "../../testing/open-broker.ts";
import { HISTORY, jetStream, makeStream, put } from "../../testing/stream.ts";
import { resolveBrokerOptions } from "../broker-options.ts";
import type { HistoryPolicy } from "./history-policy.ts";
import { openStreamProvisioner } from "./stream-provisioner.ts";

async function provisioner(url: string, policies: Readonly<Record<string, Partial<HistoryPolicy>>>) {
  const histories = new Map(
    Object.entries(policies).map(([namespace, policy]) => [namespace, { ...HISTORY, ...policy }]),
  );
  const opened = await openStreamProvisioner(resolveBrokerOptions({ servers: [url], name: "p", histories }));
  onTestFinished(() => opened.close());
  return opened;
}

async function applyAll(url: string, policies: Readonly<Record<string, Partial<HistoryPolicy>>>) {
  const opened = await provisioner(url, policies);
  const plans = await opened.plan([]);
  for (const plan of plans) await opened.apply(plan);
  return plans.map(({ action }) => action);
}

describe("provisioning", () => {
  it("makes the streams, and then there is nothing left to do", async () => {
    const { url } = await ownServer();
    // Every character that a namespace may have.
    const policies = { chat: {}, "Feed_9-=@,;:": { storage: "memory" } } as const;
    expect(await applyAll(url, policies)).toStrictEqual(["create", "create"]);
    expect(await applyAll(url, policies)).toStrictEqual(["none", "none"]);
    const { broker } = await openBroker(url, {
      histories: new Map(Object.entries(policies).map(([name, policy]) => [name, { ...HISTORY, ...policy }])),
    });
    for (const namespace of Object.keys(policies)) {
      await broker.epochOf(namespace);
      expect(broker.streams.get(namespace)).toMatchObject({ kind: "fit", differences: [] });
      expect(await broker.store(`${namespace}.a`, new Uint8Array(1), {})).toMatchObject({ kind: "stored" });
    }
  });

  it("looks without changing", async () => {
    const { url } = await ownServer();
    const client = await plainClient(url);
    const opened = await provisioner(url, { chat: {} });
    expect(await opened.plan([])).toMatchObject([{ action: "create" }]);
    await expect(jetStream(client, "STREAM.INFO.rt_chat")).rejects.toThrow("stream not found");
  });

  it("changes limits and keeps messages, epoch and what is not ours", async () => {
    const { url } = await ownServer();
    const client = await plainClient(url);
    await makeStream(client, "chat", {}, { compression: "s2", description: "ours" });
    await put(client, "chat.a", "x");
    const { broker } = await openBroker(url, { histories: new Map([["chat", HISTORY]]) });
    const epoch = await broker.epochOf("chat");
    expect(await applyAll(url, { chat: { maxAgeMs: 7_200_000, messagesPerChannel: 2_000 } })).toStrictEqual([
      "update",
    ]);
    const { config, state } = await jetStream(client, "STREAM.INFO.rt_chat");
    expect(config).toMatchObject({ compression: "s2", description: "ours", max_msgs_per_subject: 2_000 });
    expect(state).toMatchObject({ messages: 1 });
    await broker.history("chat.a", { after: 0, limit: 1 });
    expect(await broker.epochOf("chat")).toBe(epoch);
  });

  it("gives a stream what it lacks to serve", async () => {
    const { url } = await ownServer();
    const client = await plainClient(url);
    const unfit = {
      republish: undefined,
      allow_direct: false,
      retention: "interest",
      subjects: ["rt.chat.>"],
    };
    await makeStream(client, "chat", {}, unfit);
    expect(await applyAll(url, { chat: {} })).toStrictEqual(["update"]);
    expect(await applyAll(url, { chat: {} })).toStrictEqual(["none"]);
  });

  it("makes a stream anew for other storage", async () => {
    const { url } = await ownServer();
    const client = await plainClient(url);
    await makeStream(client, "chat", { storage: "memory" });
    await put(client, "chat.a", "x");
    const opened = await provisioner(url, { chat: {} });
    const [plan] = await opened.plan([]);
    expect(plan).toMatchObject({ action: "replace", losses: [expect.stringContaining("all 1 messages")] });
    if (plan !== undefined) await opened.apply(plan);
    expect(await applyAll(url, { chat: {} })).toStrictEqual(["none"]);
  });

  it("resets cursors when told to", async () => {
    const { url } = await ownServer();
    const { broker } = await openBroker(url, { histories: new Map([["chat", HISTORY]]) });
    await applyAll(url, { chat: {} });
    await expect.poll(() => broker.epochOf("chat").catch(() => undefined)).toBeDefined();
    const epoch = await broker.epochOf("chat");
    const opened = await provisioner(url, { chat: {} });
    for (const plan of await opened.plan(["chat"])) await opened.apply(plan);
    const epochOfPage = async () => {
      const page = await broker.history("chat.a", { limit: 1 });
      return page.kind === "page" ? page.newer.epoch : undefined;
    };
    await expect.poll(epochOfPage).not.toBe(epoch);
    await expect(opened.plan(["feed"])).rejects.toThrow(TypeError);
  });

  it("says what usually is behind a refusal", async () => {
    const { url } = await ownServer();
    const client = await plainClient(url);
    await expect(applyAll(url, { chat: { replicas: 3 } })).rejects.toThrow("set history.replicas to 1");
    await makeStream(client, "other", {}, { subjects: ["rt.chat.lobby"], republish: undefined });
    await expect(applyAll(url, { chat: {} })).rejects.toThrow("another stream takes messages");
  });
});
