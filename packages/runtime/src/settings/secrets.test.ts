import { describe, expect, test } from "vitest";
import * as z from "zod";
import { defineSettings } from "./define-settings.ts";
import { loadSettings, type SettingsSources } from "./load-settings.ts";
import { setting } from "./setting.ts";
import { bytes, text } from "./setting-schemas.ts";

const doc = "A setting.";
const SECRET = "correct-horse";

const table = defineSettings({
  settings: [
    setting({ path: "password", schema: text({ min: 8, max: 20 }).optional(), secret: true, doc }),
    setting({
      path: "keys",
      schema: z.array(z.strictObject({ id: z.string().max(3), key: z.string().max(5) })).optional(),
      secret: true,
      doc,
    }),
    setting({
      path: "checked",
      schema: z
        .string()
        .refine(() => false, { error: (issue) => `refused ${String(issue.input)}` })
        .optional(),
      secret: true,
      doc,
    }),
    setting({
      path: "hooks",
      schema: z
        .record(z.string(), z.strictObject({ signingKeys: z.array(bytes()), url: z.url() }))
        .optional(),
      doc,
    }),
  ],
});

function load(sources: Partial<SettingsSources>) {
  return loadSettings(table, { environment: {}, readFile: () => expect.unreachable(), ...sources });
}

function problemOf(sources: Partial<SettingsSources>): string {
  const loaded = load(sources);
  return loaded.ok ? "" : loaded.problems.map(({ source, message }) => `${source}: ${message}`).join("\n");
}

const files: Readonly<Record<string, string>> = {
  "/run/pw": ` ${SECRET}\n`,
  "/run/empty": " \n",
  "/run/long": "x".repeat(70_000),
};
function readFile(path: string): string {
  const content = files[path];
  if (content === undefined) throw Object.assign(new Error(`no ${path}`), { code: "ENOENT" });
  return content;
}

describe("a secret", () => {
  test.each<[string, Partial<SettingsSources>]>([
    ["a variable", { environment: { TIDEGATE_PASSWORD: SECRET } }],
    ["the file a variable names, trimmed", { environment: { TIDEGATE_PASSWORD_FILE: "/run/pw" }, readFile }],
    ["the configuration file", { fileText: `password: ${SECRET}\n` }],
    ["the file the configuration file names", { fileText: "password: {file: /run/pw}\n", readFile }],
    [
      "a variable before the configuration file",
      { environment: { TIDEGATE_PASSWORD: SECRET }, fileText: "password: other-password\n" },
    ],
    [
      "a variable's file before the configuration file",
      {
        environment: { TIDEGATE_PASSWORD_FILE: "/run/pw" },
        fileText: "password: other-password\n",
        readFile,
      },
    ],
  ])("comes from %s", (_name, sources) => {
    const loaded = load(sources);
    expect(loaded.ok && loaded.settings.password).toBe(SECRET);
  });

  test("does not come from a variable and a file at once", () => {
    const environment = { TIDEGATE_PASSWORD: SECRET, TIDEGATE_PASSWORD_FILE: "/run/pw" };
    expect(problemOf({ environment })).toBe(
      "env TIDEGATE_PASSWORD_FILE: TIDEGATE_PASSWORD is set as well; set only one of the two",
    );
  });

  test.each([
    ["/run/nothing", 'cannot read the file "/run/nothing" (ENOENT)'],
    ["/run/empty", 'the file "/run/empty" is empty'],
    ["/run/long", 'the file "/run/long" is longer than 65536 characters'],
  ])("does not come from %s", (path, message) => {
    expect(problemOf({ environment: { TIDEGATE_PASSWORD_FILE: path }, readFile })).toBe(
      `env TIDEGATE_PASSWORD_FILE: ${message}`,
    );
  });

  test("reads real files by default", () => {
    const loaded = loadSettings(table, { environment: { TIDEGATE_PASSWORD_FILE: import.meta.filename } });
    expect(loaded.ok ? "" : loaded.problems[0]?.message).toMatch(
      /^expected text of 8 to 20 characters; the value is a secret/,
    );
  });

  test("of several parts is read as YAML, from a file too", () => {
    const keys = (readKeys: () => string) =>
      load({ environment: { TIDEGATE_KEYS_FILE: "/k" }, readFile: readKeys });
    const loaded = keys(() => "[{id: a, key: b}]");
    expect(loaded.ok && loaded.settings.keys).toEqual([{ id: "a", key: "b" }]);
  });

  test("only a secret may come from a file", () => {
    expect(problemOf({ environment: { TIDEGATE_HOOKS_FILE: "/run/pw" } })).toBe(
      "env TIDEGATE_HOOKS_FILE: unknown; only secrets can be read from a file, set TIDEGATE_HOOKS",
    );
  });
});

describe("no message shows", () => {
  test.each<[string, Partial<SettingsSources>]>([
    ["a secret that is too short", { environment: { TIDEGATE_PASSWORD: "hunter2" } }],
    ["a secret in the file", { fileText: "password: [hunter2]\n" }],
    [
      "a secret in its own file",
      { environment: { TIDEGATE_PASSWORD_FILE: "/x" }, readFile: () => "hunter2" },
    ],
    ["a part of a secret", { fileText: "keys: [{id: a, key: hunter2}]\n" }],
    ["a secret its schema quotes", { environment: { TIDEGATE_CHECKED: "hunter2" } }],
    ["a broken secret", { environment: { TIDEGATE_KEYS: "[hunter2: 'x" } }],
    [
      "something that sounds secret inside a subtree",
      { fileText: "hooks: {a: {signingKeys: [hunter2], url: 'http://x'}}\n" },
    ],
    [
      "the credentials of a URL inside a subtree",
      { fileText: "hooks: {a: {signingKeys: [], url: '//u:hunter2@x'}}\n" },
    ],
  ])("%s", (_name, sources) => {
    const message = problemOf(sources);
    expect(message).not.toBe("");
    expect(message).not.toContain("hunter2");
  });
});
