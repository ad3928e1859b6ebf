import { loadSettings } from "@tidegate/runtime";
import { expect, it } from "vitest";
import { DEVELOPMENT_SECRET_KEY } from "./sealing/development-secret-key.ts";
import { WEBHOOK_SERVICE_SETTINGS } from "./service-settings.ts";

function problemsOf(environment: Readonly<Record<string, string>>): readonly string[] {
  const loaded = loadSettings(WEBHOOK_SERVICE_SETTINGS, { environment });
  return loaded.ok ? [] : loaded.problems.map((problem) => JSON.stringify(problem));
}

it("starts on nothing but defaults", () => {
  expect(problemsOf({})).toEqual([]);
});

const KEY = Buffer.alloc(32, 3).toString("base64");

it.each([
  [{ TIDEGATE_WEBHOOKS_TIMEOUT_MS: "25s" }, "longer than webhooks.timeoutMs"],
  [{ TIDEGATE_WEBHOOKS_NAMESPACES: "shop" }, "is needed for webhooks.namespaces"],
  [{ TIDEGATE_WEBHOOKS_KEEP_MESSAGES_MS: "3d" }, "longer than retries go on"],
  [{ TIDEGATE_NATS_USER: "u" }, "goes with nats.user"],
  [{ TIDEGATE_AUTH_ALGORITHMS: "HS256" }, "is needed in production"],
  [
    { TIDEGATE_AUTH_ALGORITHMS: "HS256", TIDEGATE_WEBHOOKS_SECRET_KEYS: DEVELOPMENT_SECRET_KEY },
    "everyone knows",
  ],
  [{ TIDEGATE_WEBHOOKS_SECRET_KEYS: `${KEY}` }, "base64 of 32 bytes"],
  [{ TIDEGATE_WEBHOOKS_SECRET_KEYS: "k:c2hvcnQ=" }, "base64 of 32 bytes"],
])("refuses %j and says what is wrong", (environment, message) => {
  expect(problemsOf(environment).join()).toContain(message);
  expect(problemsOf(environment).join()).not.toContain(KEY);
});

it.each([
  { TIDEGATE_WEBHOOKS_SECRET_KEYS: `new:${KEY},old:${Buffer.alloc(32, 4).toString("base64")}` },
  { TIDEGATE_WEBHOOKS_CLEAR_SECRETS: "true" },
  { TIDEGATE_MODE: "development" },
])("takes tokens with %j", (environment) => {
  expect(problemsOf({ TIDEGATE_AUTH_ALGORITHMS: "HS256", ...environment })).toEqual([]);
});
