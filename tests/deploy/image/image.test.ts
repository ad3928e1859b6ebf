import { describe, expect, it } from "vitest";
import { jsonWords, parseDockerfile, substitute } from "./dockerfile.ts";
import { IgnoredPaths } from "./ignored-paths.ts";

describe("a Dockerfile", () => {
  it("has stages with instructions, without comments, and with lines that go on", () => {
    const stages = parseDockerfile(
      [
        "# syntax: none",
        "ARG BASE=node:22",
        "FROM $" + "{BASE} AS build",
        "RUN one \\",
        "  # in between",
        "  && two",
        "from $BASE",
        "COPY --from=build --chmod=555 /a ./",
        'CMD ["node", "a b"]',
      ].join("\n"),
    );
    expect(stages.map(({ name, base }) => [name, base])).toStrictEqual([
      ["build", "node:22"],
      [undefined, "node:22"],
    ]);
    expect(stages[0]?.instructions[0]?.text).toMatch(/^one\s+&& two$/);
    const [copy, command] = stages[1]?.instructions ?? [];
    expect(copy).toMatchObject({ name: "COPY", text: "/a ./" });
    expect([...(copy?.flags ?? [])]).toStrictEqual([
      ["from", "build"],
      ["chmod", "555"],
    ]);
    expect(jsonWords(command?.text ?? "")).toStrictEqual(["node", "a b"]);
  });

  it("takes nothing but arguments before its first stage", () => {
    expect(() => parseDockerfile("RUN true")).toThrow(TypeError);
  });

  it("puts in what variables stand for", () => {
    expect(
      substitute(
        "a $" + "{B} $C $D.",
        new Map([
          ["B", "1"],
          ["C", "2"],
        ]),
      ),
    ).toBe("a 1 2 .");
  });
});

describe("a .dockerignore", () => {
  const ignored = new IgnoredPaths(
    "# said\n*\n!kept\n!deep/in/file.sh\n**/dist\nkept/*/testing\n**/*.test.ts\n",
  );

  it.each([
    ["other", true],
    [".git/config", true],
    ["kept", false],
    ["kept/a/b.ts", false],
    ["kept/a/b.test.ts", true],
    ["kept/a/dist/b.js", true],
    ["kept/a/distance.ts", false],
    ["kept/a/testing/b.ts", true],
    ["deep/in/file.sh", false],
    ["deep/in/other.sh", true],
  ])("leaves %s out: %s", (path, out) => {
    expect(ignored.has(path)).toBe(out);
  });

  it("lets whole folders be skipped in which nothing is kept", () => {
    expect(ignored.hasAllOf("other")).toBe(true);
    expect(ignored.hasAllOf("deep")).toBe(false);
    expect(ignored.hasAllOf("deep/in")).toBe(false);
    expect(ignored.hasAllOf("kept")).toBe(false);
  });
});
