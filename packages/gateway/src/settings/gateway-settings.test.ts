import { loadSettings, type SettingsProblem } from "@tidegate/runtime";
import { describe, expect, it } from "vitest";
import { brokerOptions } from "./broker-options.ts";
import { GATEWAY_SETTINGS, type GatewaySettings } from "./gateway-settings.ts";

const MINIMAL = "auth: { algorithms: [HS256] }\n";

function load(fileText: string, environment: Readonly<Record<string, string>> = {}) {
  return loadSettings(GATEWAY_SETTINGS, { environment, fileText, fileName: "tidegate.yaml" });
}

function settingsOf(fileText: string, environment?: Readonly<Record<string, string>>): GatewaySettings {
  const loaded = load(MINIMAL + fileText, environment);
  if (!loaded.ok) {
    throw new TypeError(JSON.stringify(loaded.problems));
  }
  return loaded.settings;
}

function problemsOf(
  fileText: string,
  environment?: Readonly<Record<string, string>>,
): readonly SettingsProblem[] {
  const loaded = load(fileText, environment);
  return loaded.ok ? [] : loaded.problems;
}

describe("GATEWAY_SETTINGS", () => {
  it("needs nothing but the algorithms of tokens", () => {
    expect(problemsOf("")).toMatchObject([{ source: "setting auth.algorithms" }]);
    const settings = settingsOf("");
    expect(settings).toMatchObject({
      mode: "production",
      listen: { port: 8080, forwardedHops: 0 },
      origins: { allow: ["same-origin"] },
      namespaces: {},
    });
    expect(Object.isFrozen(settings.limits)).toBe(true);
  });

  it("takes every setting from the environment, too", () => {
    const settings = settingsOf("", {
      TIDEGATE_LISTEN_PORT: "0",
      TIDEGATE_ORIGINS_ALLOW: "https://a.example, https://b.example",
      TIDEGATE_LIMITS_FRAME_BYTES: "128KiB",
      TIDEGATE_PING_INTERVAL_MS: "5s",
    });
    expect(settings.listen.port).toBe(0);
    expect(settings.origins.allow).toStrictEqual(["https://a.example", "https://b.example"]);
    expect(settings.limits.frameBytes).toBe(131_072);
    expect(settings.ping.intervalMs).toBe(5_000);
  });

  it.each([
    ["limits: { frameBites: 1 }", "frameBytes"],
    ["limit: { frameBytes: 1KiB }", "limits"],
    ["namespace: { chat: {} }", "namespaces"],
  ])("suggests what an unknown name may stand for: %s", (fileText, suggestion) => {
    expect(
      problemsOf(MINIMAL + fileText)
        .map(({ message }) => message)
        .join(),
    ).toContain(suggestion);
  });

  it("suggests what an unknown variable may stand for", () => {
    const [problem] = problemsOf(MINIMAL, { TIDEGATE_LIMITS_FRAME_BITES: "1KiB" });
    expect(problem?.message).toContain("TIDEGATE_LIMITS_FRAME_BYTES");
  });

  it.each([
    ["limits: { frameBytes: 2KiB, payloadBytes: 4KiB }", "limits.payloadBytes"],
    ["limits: { unauthenticatedBytes: 4KiB, tokenBytes: 4KiB }", "limits.tokenBytes"],
    ["drain: { windowMs: 20s, deadlineMs: 10s }", "drain.windowMs"],
    ["nats: { user: a, password: b, token: c }", "nats.user"],
    ["nats: { credsFile: a, nkeyFile: b }", "nats.user"],
    ["nats: { user: a }", "nats.password"],
    ["nats: { password: b }", "nats.password"],
    ["nats: { certFile: a }", "nats.keyFile"],
    ["nats: { keyFile: a }", "nats.keyFile"],
  ])("refuses what cannot work together: %s", (fileText, path) => {
    const problems = problemsOf(MINIMAL + fileText);
    expect(problems).toHaveLength(1);
    expect(`${problems[0]?.source} ${problems[0]?.message}`).toContain(path.split(".").at(-1));
  });

  it.each([
    [["*"], false],
    [[], false],
    [["*", "https://app.example.com"], true],
    [["same-origin"], true],
  ])("takes a cookie for %j only if it can ever count", (allow, fits) => {
    const auth = "auth: { algorithms: [HS256], cookieName: session }\n";
    expect(problemsOf(`${auth}origins: { allow: ${JSON.stringify(allow)} }`)).toHaveLength(fits ? 0 : 1);
  });

  it.each(["null", "app.example.com", "https://app.example.com/", "https://app.example.com/page"])(
    "refuses the origin %s, which could never match",
    (origin) => {
      expect(problemsOf(`${MINIMAL}origins: { allow: ["${origin}"] }`)).toHaveLength(1);
    },
  );

  it("keeps secrets out of what it says is wrong", () => {
    const [problem] = problemsOf(`${MINIMAL}nats: { token: ["hunter2"] }`);
    expect(JSON.stringify(problem)).not.toContain("hunter2");
  });
});

describe("brokerOptions", () => {
  it("puts replies below the node's name, or where the settings say, which is no pattern", () => {
    expect(brokerOptions(settingsOf(""), "n1")).not.toHaveProperty("inboxPrefix");
    const options = brokerOptions(settingsOf("nats: { inboxPrefix: _INBOX_gateway.n1 }\n"), "n1");
    expect(options.inboxPrefix).toBe("_INBOX_gateway.n1");
    expect(problemsOf(`${MINIMAL}nats: { inboxPrefix: "_INBOX.>" }\n`)).toHaveLength(1);
  });

  it("passes on names, times and the subject prefix", () => {
    const options = brokerOptions(
      settingsOf(
        "subjects: { prefix: staging }\nnats: { servers: [a, b], token: t, lingerMs: 1s }\nlimits: { requestTimeoutMs: 2s }",
      ),
      "n1",
    );
    expect(options).toMatchObject({
      servers: ["a", "b"],
      name: "n1",
      credentials: { kind: "token", token: "t" },
      subjectPrefix: "staging",
      lingerMs: 1_000,
      maxRequestTimeoutMs: 2_000,
    });
  });
});
