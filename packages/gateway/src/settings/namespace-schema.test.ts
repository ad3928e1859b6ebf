import { GrantSet } from "@tidegate/protocol";
import { loadSettings } from "@tidegate/runtime";
import { describe, expect, it } from "vitest";
import { GATEWAY_SETTINGS } from "./gateway-settings.ts";
import { namespacePolicies } from "./namespace-schema.ts";

function load(namespaces: object) {
  return loadSettings(GATEWAY_SETTINGS, {
    environment: {},
    fileText: JSON.stringify({ auth: { algorithms: ["HS256"] }, namespaces }),
    fileName: "tidegate.yaml",
  });
}

function policiesOf(namespaces: object) {
  const loaded = load(namespaces);
  if (!loaded.ok) {
    throw new TypeError(JSON.stringify(loaded.problems));
  }
  return namespacePolicies(loaded.settings.namespaces);
}

describe("the namespaces of a configuration", () => {
  it("take nothing and grant nothing unless told to", () => {
    expect(policiesOf({ chat: {} }).get("chat")).toStrictEqual({
      publish: "none",
      history: undefined,
      flushIntervalMs: 0,
      conflate: "none",
      events: false,
      grants: GrantSet.none,
      anonymous: GrantSet.none,
    });
  });

  it("compile what they grant", () => {
    const chat = policiesOf({
      chat: {
        publish: "direct",
        grants: { subscribe: ["chat.*", ">"], publish: "chat.lobby" },
        anonymous: { subscribe: ["chat.lobby"] },
      },
    }).get("chat");
    expect(chat?.publish).toBe("direct");
    expect(chat?.grants.allows("subscribe", "chat.a", "ada")).toBe(true);
    expect(chat?.grants.allows("publish", "chat.lobby", "ada")).toBe(true);
    expect(chat?.anonymous.allows("subscribe", "chat.lobby", undefined)).toBe(true);
    expect(chat?.anonymous.allows("publish", "chat.lobby", undefined)).toBe(false);
  });

  it("say how long messages wait for each other, and which make way", () => {
    const policies = policiesOf({
      ticker: { flushInterval: "250ms", conflate: "latest" },
      feed: { flushInterval: 50, history: {} },
    });
    expect(policies.get("ticker")).toMatchObject({ flushIntervalMs: 250, conflate: "latest" });
    expect(policies.get("feed")).toMatchObject({ flushIntervalMs: 50, conflate: "none" });
  });

  it.each([
    [{ flushInterval: "1m" }, "flushInterval"],
    [{ conflate: "first" }, "conflate"],
    [{ conflate: "latest", history: {} }, "history"],
    [{ conflate: "key", history: {} }, "history"],
  ])("refuse %j", (ticker, what) => {
    const loaded = load({ ticker });
    expect(loaded.ok ? "" : JSON.stringify(loaded.problems)).toContain(what);
  });

  it("keep no history unless told to, and then have defaults for all of it", () => {
    const policies = policiesOf({
      live: {},
      chat: { history: {} },
      feed: { history: { maxAge: "1h", replicas: 1 } },
    });
    expect(policies.get("live")?.history).toBeUndefined();
    expect(policies.get("chat")?.history).toStrictEqual({
      maxAgeMs: 86_400_000,
      messagesPerChannel: 1_000,
      maxBytes: 1_073_741_824,
      replicas: 3,
      storage: "file",
      deduplicationMs: 120_000,
    });
    expect(policiesOf({ chat: { history: { maxAge: "1m" } } }).get("chat")?.history).toMatchObject({
      deduplicationMs: 60_000,
    });
    expect(policies.get("feed")?.history).toMatchObject({ maxAgeMs: 3_600_000, replicas: 1 });
  });

  it.each([{}, { subscribe: [] }, { subscribe: [], publish: [] }])(
    "do not admit anonymous clients to nothing: %j",
    (anonymous) => {
      expect(policiesOf({ chat: { anonymous } }).get("chat")?.anonymous).toBe(GrantSet.none);
    },
  );

  it.each([
    ["a name of two tokens", { "chat.lobby": {} }, "one token"],
    ["a wildcard for a name", { "*": {} }, "one token"],
    ["an empty name", { "": {} }, "one token"],
    ["a name outside the grammar", { größe: {} }, "one token"],
    ["an unknown key", { chat: { publsh: "direct" } }, "publsh"],
    ["another way to publish", { chat: { publish: "both" } }, "direct"],
    ["an unknown action", { chat: { grants: { read: ["chat.*"] } } }, "read"],
    ["requests, which belong to no namespace", { chat: { grants: { request: ["chat.x"] } } }, "request"],
    ["a broken pattern", { chat: { grants: { subscribe: ["chat..a"] } } }, "chat..a"],
    ["a pattern of another namespace", { chat: { grants: { subscribe: ["feed.*"] } } }, "feed.*"],
    ["another namespace for anonymous clients", { chat: { anonymous: { subscribe: ["feed.a"] } } }, "feed.a"],
    ["a sub for those who have none", { chat: { anonymous: { subscribe: ["chat.{sub}"] } } }, "{sub}"],
    ["history that is not described", { chat: { history: true } }, "history"],
    ["an unknown part of history", { chat: { history: { age: "1h" } } }, "age"],
    ["no time at all", { chat: { history: { maxAge: 0 } } }, "maxAge"],
    ["an even number of replicas", { chat: { history: { replicas: 2 } } }, "survive no more failures than 1"],
    [
      "memory on one server",
      { chat: { history: { storage: "memory", replicas: 1 } } },
      "memory needs replicas",
    ],
    [
      "keys kept longer than messages",
      { chat: { history: { maxAge: "1m", deduplication: "2m" } } },
      "must not exceed maxAge",
    ],
    ["something other than a namespace", { chat: [] }, "chat"],
  ])("are refused with %s", (_what, namespaces, told) => {
    const loaded = load(namespaces);
    const problems = loaded.ok ? [] : loaded.problems;
    expect(problems.length).toBeGreaterThan(0);
    expect(JSON.stringify(problems)).toContain(told);
  });
});
