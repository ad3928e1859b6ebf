import { describe, expect, expectTypeOf, test } from "vitest";
import * as z from "zod";
import { defineSettings } from "./define-settings.ts";
import { loadSettings, type SettingsSources } from "./load-settings.ts";
import { formatProblems } from "./problem.ts";
import { setting } from "./setting.ts";
import { bytes, flag, listOf, milliseconds, oneOf, port, text, url } from "./setting-schemas.ts";

const doc = "A setting.";
const namespace = z.strictObject({
  history: z
    .strictObject({ maxAgeMs: milliseconds({ min: 1000 }), maxBytes: bytes().prefault("1MiB") })
    .optional(),
  publish: z.enum(["none", "direct", "backend"]).default("none"),
  token: text({ min: 8 }).optional(),
});

const table = defineSettings({
  settings: [
    setting({ path: "listen.host", schema: text(), default: "127.0.0.1", doc }),
    setting({ path: "listen.port", schema: port(), default: 8080, doc }),
    setting({ path: "limits.frameBytes", schema: bytes({ min: 1, max: 1_048_576 }), default: "64KiB", doc }),
    setting({ path: "limits.idleMs", schema: milliseconds(), default: "30s", doc }),
    setting({ path: "nats.servers", schema: listOf(url(["nats", "tls"])), doc }),
    setting({ path: "nats.password", schema: text({ min: 8 }), secret: true, doc }),
    setting({ path: "auth.algorithms", schema: listOf(oneOf(["HS256", "ES256"])), default: "HS256", doc }),
    setting({ path: "log.level", schema: oneOf(["info", "debug"]), default: "info", doc }),
    setting({ path: "log.pretty", schema: flag(), default: false, doc }),
    setting({ path: "region", schema: text().optional(), doc }),
    setting({
      path: "namespaces",
      schema: z.record(z.string().regex(/^[a-z]+$/, "Use lower-case letters"), namespace),
      default: {},
      doc,
    }),
  ],
  refine: ({ limits, listen, namespaces }) => [
    ...(limits.idleMs > 0 && limits.frameBytes === 13
      ? [{ path: "limits.frameBytes", message: "must not be 13" } as const]
      : []),
    ...(listen.port === 13 ? [{ path: "listen.port", message: "must not be 13" } as const] : []),
    ...("bad" in namespaces ? [{ path: "namespaces.bad.publish", message: "must not be bad" } as const] : []),
  ],
});

const NEEDED = { TIDEGATE_NATS_SERVERS: "nats://localhost:4222", TIDEGATE_NATS_PASSWORD: "hunter2hunter2" };

function load(sources: Partial<SettingsSources>) {
  return loadSettings(table, {
    fileName: "tidegate.yaml",
    ...sources,
    environment: { ...NEEDED, ...sources.environment },
  });
}

function settingsOf(sources: Partial<SettingsSources>) {
  const loaded = load(sources);
  if (!loaded.ok) throw new Error(formatProblems(loaded.problems));
  return loaded.settings;
}

function complaints(sources: Partial<SettingsSources>): string[] {
  const loaded = load(sources);
  return loaded.ok ? [] : loaded.problems.map(({ source, message }) => `${source}: ${message}`);
}

describe("loadSettings", () => {
  test("gives defaults, grouped by path, typed and frozen", () => {
    const settings = settingsOf({});
    expect(settings).toEqual({
      listen: { host: "127.0.0.1", port: 8080 },
      limits: { frameBytes: 65_536, idleMs: 30_000 },
      nats: { servers: ["nats://localhost:4222"], password: "hunter2hunter2" },
      auth: { algorithms: ["HS256"] },
      log: { level: "info", pretty: false },
      region: undefined,
      namespaces: {},
    });
    expectTypeOf(settings.log.level).toEqualTypeOf<"info" | "debug">();
    for (const part of [settings, settings.limits, settings.nats.servers])
      expect(Object.isFrozen(part)).toBe(true);
  });

  test("takes the environment before the file before the default", () => {
    const settings = settingsOf({
      environment: { TIDEGATE_LIMITS_FRAME_BYTES: "1KiB" },
      fileText: "limits: {frameBytes: 2KiB, idleMs: 5s}\nregion: eu\n",
    });
    expect(settings.limits).toEqual({ frameBytes: 1024, idleMs: 5000 });
    expect(settings.region).toBe("eu");
  });

  test("takes an empty variable for one that is not set, and an empty group for none", () => {
    const settings = settingsOf({ environment: { TIDEGATE_REGION: "" }, fileText: "region: eu\nlimits:\n" });
    expect(settings.region).toBe("eu");
    expect(settings.limits.frameBytes).toBe(65_536);
  });

  test("reads a subtree from the file and, as YAML or JSON, from a variable", () => {
    const expected = { chat: { history: { maxAgeMs: 60_000, maxBytes: 1_048_576 }, publish: "none" } };
    expect(
      settingsOf({ fileText: "namespaces:\n  chat:\n    history: {maxAgeMs: 1m}\n" }).namespaces,
    ).toEqual(expected);
    const fromVariable = { TIDEGATE_NAMESPACES: '{"chat": {"history": {"maxAgeMs": 60000}}}' };
    expect(settingsOf({ environment: fromVariable }).namespaces).toEqual(expected);
  });

  test("ignores variables of others, and those that Kubernetes makes for a Service", () => {
    const environment = {
      PATH: "/bin",
      TIDEGATE_CONFIG: "x",
      TIDEGATE_OTHER: "1",
      TIDEGATE_SERVICE_HOST: "10.0.0.1",
      TIDEGATE_SERVICE_PORT_HTTP: "80",
      TIDEGATE_PORT: "tcp://10.0.0.1:80",
      TIDEGATE_PORT_80_TCP_ADDR: "10.0.0.1",
    };
    expect(complaints({ environment, otherVariables: ["TIDEGATE_OTHER"] })).toEqual([]);
    expect(complaints({ environment: { TIDEGATE_OTHER: "1" } })).toEqual([
      "env TIDEGATE_OTHER: unknown; remove it",
    ]);
  });

  test("reports everything at once", () => {
    const fileText = "limits: {frameByte: 1, idleMs: soon}\nlog: {level: loud}\n";
    expect(
      complaints({ environment: { TIDEGATE_LISTEN_PORT: "http", TIDEGATE_LISTEN_PROT: "1" }, fileText }),
    ).toHaveLength(5);
  });

  test("does not ask again for what an unreadable file may have said", () => {
    const loaded = loadSettings(table, { environment: {}, fileText: "nats: [\n" });
    expect(loaded.ok ? [] : loaded.problems.map(({ source }) => source)).toEqual([
      "configuration file line 2",
    ]);
  });
});

describe("a problem names the place, the value and what to write", () => {
  const cases: readonly [string, Partial<SettingsSources>, string][] = [
    [
      "of a variable",
      { environment: { TIDEGATE_LIMITS_FRAME_BYTES: "12x" } },
      'env TIDEGATE_LIMITS_FRAME_BYTES: expected a whole number of bytes from 1 to 1048576, such as 65536 or 64KiB; got "12x"',
    ],
    [
      "of a line in the file",
      { fileText: "# limits\nlimits:\n  frameBytes: 0\n" },
      "tidegate.yaml line 3, limits.frameBytes: expected a whole number of bytes from 1 to 1048576, such as 65536 or 64KiB; got 0",
    ],
    [
      "of an unknown variable",
      { environment: { TIDEGATE_LIMITS_FRAME_BYTE: "1" } },
      "env TIDEGATE_LIMITS_FRAME_BYTE: unknown; did you mean TIDEGATE_LIMITS_FRAME_BYTES?",
    ],
    [
      "of an unknown name in the file",
      { fileText: "limits:\n  frameByte: 1\n" },
      "tidegate.yaml line 2, limits.frameByte: unknown; did you mean limits.frameBytes?",
    ],
    [
      "of an unknown group",
      { fileText: "limit: {frameBytes: 1}\n" },
      "tidegate.yaml line 1, limit: unknown; did you mean limits?",
    ],
    [
      "of a name in the wrong group",
      { fileText: "log:\n  frameBytes: 1\n" },
      "tidegate.yaml line 2, log.frameBytes: unknown; did you mean limits.frameBytes?",
    ],
    [
      "of a name like no other",
      { fileText: "log:\n  colour: red\n" },
      "tidegate.yaml line 2, log.colour: unknown; known here: level, pretty",
    ],
    [
      "of a value where a group belongs",
      { fileText: "log: debug\n" },
      "tidegate.yaml line 1, log: expected a mapping with any of level, pretty",
    ],
    [
      "of a file that is no mapping",
      { fileText: "- a\n" },
      "tidegate.yaml line 1: expected a mapping with any of listen, limits, nats, auth, log, region, namespaces",
    ],
    [
      "of a name without a value",
      { fileText: "limits:\n  idleMs:\n" },
      "tidegate.yaml line 2, limits.idleMs: has no value; write one or remove the line",
    ],
    [
      "of a number where text belongs",
      { fileText: "region: 7\n" },
      "tidegate.yaml line 1, region: expected text of 1 to 4096 characters; got 7, which needs quotes",
    ],
    [
      "of an item of a list",
      { environment: { TIDEGATE_NATS_SERVERS: "nats://a,http://b" } },
      'env TIDEGATE_NATS_SERVERS, nats.servers[1]: expected a URL beginning with nats:// or tls://; got "http://b"',
    ],
    [
      "of a list that is none",
      { fileText: "auth:\n  algorithms: {a: b}\n" },
      "tidegate.yaml line 2, auth.algorithms: expected a list of 0 to 1000 items; got a mapping",
    ],
    [
      "of a URL, without its credentials",
      { environment: { TIDEGATE_NATS_SERVERS: "http://me:hunter2@host" } },
      'env TIDEGATE_NATS_SERVERS, nats.servers[0]: expected a URL beginning with nats:// or tls://; got "http://[hidden]@host"',
    ],
    [
      "of a value inside a subtree",
      { fileText: "namespaces:\n  chat:\n    history:\n      maxAgeMs: 5\n" },
      "tidegate.yaml line 4, namespaces.chat.history.maxAgeMs: expected a whole number of milliseconds of at least 1000, such as 1500 or 30s; got 5",
    ],
    [
      "of something missing inside a subtree",
      { fileText: "namespaces:\n  chat:\n    history: {}\n" },
      "tidegate.yaml line 3, namespaces.chat.history.maxAgeMs: missing; expected a whole number of milliseconds of at least 1000, such as 1500 or 30s",
    ],
    [
      "of an unknown name inside a subtree",
      { fileText: "namespaces:\n  chat:\n    histroy: {}\n" },
      "tidegate.yaml line 3, namespaces.chat.histroy: unknown; did you mean history?",
    ],
    [
      "of an unknown word inside a subtree",
      { fileText: "namespaces: {chat: {publish: all}}\n" },
      'tidegate.yaml line 1, namespaces.chat.publish: expected one of none, direct, backend; got "all"',
    ],
    [
      "of a name that a subtree does not allow",
      { fileText: "namespaces:\n  CHAT: {}\n" },
      "tidegate.yaml line 2, namespaces.CHAT: CHAT cannot be a name here: use lower-case letters",
    ],
    [
      "of a subtree in a variable",
      { environment: { TIDEGATE_NAMESPACES: "{chat: {publish: 1}}" } },
      "env TIDEGATE_NAMESPACES, namespaces.chat.publish: expected one of none, direct, backend; got 1",
    ],
    [
      "of a variable that is not YAML",
      { environment: { TIDEGATE_NAMESPACES: "{chat: " } },
      "env TIDEGATE_NAMESPACES: expected YAML or JSON; a quote, bracket, comma or colon is missing",
    ],
    [
      "of a subtree that is none",
      { fileText: "namespaces: chat\n" },
      'tidegate.yaml line 1, namespaces: expected a mapping; got "chat"',
    ],
    [
      "of a value too long to repeat",
      { environment: { TIDEGATE_LISTEN_PORT: "9".repeat(100) } },
      `env TIDEGATE_LISTEN_PORT: expected a port from 0 to 65535 (0 takes any free one); got "${"9".repeat(60)}…"`,
    ],
  ];

  test.each(cases)("%s", (_name, sources, complaint) => {
    expect(complaints(sources)).toEqual([complaint]);
  });

  test("of what is required and nowhere", () => {
    const loaded = loadSettings(table, { environment: {} });
    expect(loaded.ok ? "" : formatProblems(loaded.problems)).toBe(
      [
        "setting nats.servers: required; set TIDEGATE_NATS_SERVERS or nats.servers in the configuration file; expected a list of 0 to 1000 items",
        "setting nats.password: required; set TIDEGATE_NATS_PASSWORD, TIDEGATE_NATS_PASSWORD_FILE or nats.password in the configuration file; expected text of 8 to 4096 characters",
      ].join("\n"),
    );
  });
});

describe("settings that disagree", () => {
  test("are reported where they were given", () => {
    expect(complaints({ fileText: "\nlimits: {frameBytes: 13}\n" })).toEqual([
      "tidegate.yaml line 2, limits.frameBytes: must not be 13",
    ]);
    expect(complaints({ environment: { TIDEGATE_LISTEN_PORT: "13" } })).toEqual([
      "env TIDEGATE_LISTEN_PORT: must not be 13",
    ]);
    expect(complaints({ fileText: "namespaces:\n  bad:\n    publish: direct\n" })).toEqual([
      "tidegate.yaml line 3, namespaces.bad.publish: must not be bad",
    ]);
  });

  test("are named as settings if they were left at their default", () => {
    const defaults = defineSettings({
      settings: [setting({ path: "a", schema: port(), default: 1, doc })],
      refine: () => [{ path: "a", message: "no" }],
    });
    expect(loadSettings(defaults, { environment: {} })).toEqual({
      ok: false,
      problems: [{ source: "setting a", message: "no" }],
    });
  });

  test("are only looked for once each is valid by itself", () => {
    expect(complaints({ environment: { TIDEGATE_LISTEN_PORT: "13", TIDEGATE_LOG_LEVEL: "x" } })).toHaveLength(
      1,
    );
  });
});
