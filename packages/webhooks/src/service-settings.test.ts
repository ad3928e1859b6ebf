import { loadSettings } from "@tidegate/runtime";
import { expect, it } from "vitest";
import { WEBHOOK_SERVICE_SETTINGS } from "./service-settings.ts";

function problemsOf(environment: Readonly<Record<string, string>>): readonly string[] {
  const loaded = loadSettings(WEBHOOK_SERVICE_SETTINGS, { environment });
  return loaded.ok ? [] : loaded.problems.map((problem) => JSON.stringify(problem));
}

it("starts on nothing but defaults", () => {
  expect(problemsOf({})).toEqual([]);
});

it.each([
  [{ TIDEGATE_WEBHOOKS_TIMEOUT_MS: "25s" }, "longer than webhooks.timeoutMs"],
  [{ TIDEGATE_WEBHOOKS_NAMESPACES: "shop" }, "is needed for webhooks.namespaces"],
  [{ TIDEGATE_WEBHOOKS_KEEP_MESSAGES_MS: "3d" }, "longer than retries go on"],
  [{ TIDEGATE_NATS_USER: "u" }, "goes with nats.user"],
])("refuses %j and says what is wrong", (environment, message) => {
  expect(problemsOf(environment).join()).toContain(message);
});
