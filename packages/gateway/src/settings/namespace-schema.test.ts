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
    ["something other than a namespace", { chat: [] }, "chat"],
  ])("are refused with %s", (_what, namespaces, told) => {
    const loaded = load(namespaces);
    const problems = loaded.ok ? [] : loaded.problems;
    expect(problems.length).toBeGreaterThan(0);
    expect(JSON.stringify(problems)).toContain(told);
  });
});
