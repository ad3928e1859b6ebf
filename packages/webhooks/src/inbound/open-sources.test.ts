import { describe, expect, test } from "vitest";
import { DEVELOPMENT_HOOK_SECRETS } from "./development-hook-secrets.ts";
import { openSources } from "./open-sources.ts";

const SECRET = "a-secret-that-nobody-knows";
const sourceOf = (more: object) => ({
  ci: {
    scheme: "github" as const,
    secrets: [SECRET],
    sameness: "id" as const,
    certificates: {},
    channel: undefined,
    publicUrl: undefined,
    ...more,
  },
});

describe("sources", () => {
  test.each(Object.values(DEVELOPMENT_HOOK_SECRETS))("refuse %s in production alone", (secret) => {
    const settings = sourceOf({ secrets: [SECRET, secret] });
    expect(() => openSources(settings, { mode: "production" })).toThrow(
      /secrets\[1\] is a development secret/,
    );
    expect(openSources(settings, { mode: "development" }).has("ci")).toBe(true);
  });

  test("refuse a secret that could be guessed, and one that is not of the scheme, without repeating it", () => {
    expect(() => openSources(sourceOf({ secrets: ["hunter2"] }), { mode: "production" })).toThrow(
      /^source ci: secrets\[0\] is shorter than 16 characters$/,
    );
    const unfit = sourceOf({ scheme: "standard" });
    expect(() => openSources(unfit, { mode: "production" })).toThrow(/begins with whsec_ or whpk_$/);
  });

  test("read secrets from files, and say which cannot be read", () => {
    const settings = sourceOf({ secrets: [{ file: "/run/secrets/new" }] });
    const opened = openSources(settings, { mode: "production", readFile: () => `${SECRET}\n` });
    expect(opened.get("ci")?.schemeName).toBe("github");
    const readFile = () => {
      throw new Error("ENOENT");
    };
    expect(() => openSources(settings, { mode: "production", readFile })).toThrow(
      'source ci: the file "/run/secrets/new" cannot be read',
    );
    expect(() => openSources(settings, { mode: "production", readFile: () => "\n" })).toThrow(/is empty$/);
  });
});
