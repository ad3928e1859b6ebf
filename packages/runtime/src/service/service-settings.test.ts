import { expect, expectTypeOf, test } from "vitest";
import type { LogLevel } from "../logger/create-logger.ts";
import { defineSettings, type SettingsOf } from "../settings/define-settings.ts";
import { loadSettings } from "../settings/load-settings.ts";
import { serviceSettings } from "./service-settings.ts";

const table = defineSettings({ settings: [...serviceSettings] });

test("the settings of every service have defaults that a service can start with", () => {
  expectTypeOf<SettingsOf<typeof table>["log"]["level"]>().toEqualTypeOf<LogLevel>();
  expect(loadSettings(table, { environment: {} })).toEqual({
    ok: true,
    settings: {
      log: { level: "info", pretty: false },
      operations: { host: "127.0.0.1", port: 8081 },
      drain: { deadlineMs: 25_000 },
    },
  });
});
