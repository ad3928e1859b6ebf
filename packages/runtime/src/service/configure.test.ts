import { describe, expect, expectTypeOf, test } from "vitest";
import { defineSettings } from "../settings/define-settings.ts";
import { setting } from "../settings/setting.ts";
import { port, text } from "../settings/setting-schemas.ts";
import { type ConfigureOptions, configure } from "./configure.ts";

const table = defineSettings({
  settings: [
    setting({ path: "listen.port", schema: port(), default: 8080, doc: "Where to listen." }),
    setting({ path: "secret", schema: text().optional(), secret: true, doc: "The key." }),
  ],
});

const files: Readonly<Record<string, string>> = {
  "good.yaml": "listen: {port: 1}\n",
  "bad.yaml": "listen: {prot: 1}\n",
  "/key": "k\n",
};
function readFile(path: string): string {
  const content = files[path];
  if (content === undefined) throw Object.assign(new Error(path), { code: "ENOENT" });
  return content;
}

function run(argv: readonly string[], options: Partial<ConfigureOptions<(typeof table)["settings"]>> = {}) {
  const printed = { out: "", err: "" };
  const print = (stream: "out" | "err", words: string): void => {
    printed[stream] += words;
  };
  const name = "tidegate-test";
  const result = configure({
    name,
    description: "Tests.",
    table,
    argv,
    environment: {},
    print,
    readFile,
    ...options,
  });
  return { result, ...printed };
}

describe("configure", () => {
  test("gives typed settings to run with, and says nothing", () => {
    const { result, out, err } = run([]);
    expect(result).toEqual({ kind: "run", settings: { listen: { port: 8080 }, secret: undefined } });
    expect(out + err).toBe("");
    if (result.kind === "run") expectTypeOf(result.settings.listen.port).toEqualTypeOf<number>();
  });

  test("reads the file of the flag, else the one of the variable", () => {
    const environment = { TIDEGATE_CONFIG: "good.yaml" };
    expect(run([], { environment }).result).toMatchObject({ settings: { listen: { port: 1 } } });
    expect(run(["--config", "good.yaml"]).result).toMatchObject({ settings: { listen: { port: 1 } } });
    expect(run(["--config", "bad.yaml"], { environment }).result).toEqual({ kind: "exit", exitCode: 1 });
    expect(run([], { environment: { TIDEGATE_CONFIG: "" } }).result).toMatchObject({ kind: "run" });
  });

  test("reads the files of secrets by the same means", () => {
    expect(run([], { environment: { TIDEGATE_SECRET_FILE: "/key" } }).result).toMatchObject({
      settings: { secret: "k" },
    });
  });

  test("checks a good configuration", () => {
    expect(run(["--check-config", "--config", "good.yaml"])).toEqual({
      result: { kind: "exit", exitCode: 0 },
      out: "configuration ok\n",
      err: "",
    });
  });

  test.each([[["--config", "bad.yaml"]], [["--config", "bad.yaml", "--check-config"]]])(
    "prints what is wrong with a bad one (%j)",
    (argv) => {
      expect(run(argv, { environment: { TIDEGATE_X: "1" } })).toEqual({
        result: { kind: "exit", exitCode: 1 },
        out: "",
        err: [
          "tidegate-test: the configuration cannot be used:",
          "bad.yaml line 1, listen.prot: unknown; did you mean listen.port?",
          "env TIDEGATE_X: unknown; remove it",
          "",
        ].join("\n"),
      });
    },
  );

  test("says which file it cannot read", () => {
    expect(run(["--config", "none.yaml"])).toEqual({
      result: { kind: "exit", exitCode: 1 },
      out: "",
      err: 'tidegate-test: cannot read the configuration file "none.yaml" (ENOENT)\n',
    });
  });

  test("refuses wrong arguments", () => {
    expect(run(["--cofnig"])).toEqual({
      result: { kind: "exit", exitCode: 2 },
      out: "",
      err: 'tidegate-test: unknown argument "--cofnig"; did you mean --config?\n',
    });
  });

  test("prints its usage without looking at the configuration", () => {
    const { result, out, err } = run(["--help", "--config", "none.yaml"]);
    expect(result).toEqual({ kind: "exit", exitCode: 0 });
    expect(out).toMatch(/^Usage: tidegate-test /);
    expect(out).toContain("TIDEGATE_CONFIG");
    expect(err).toBe("");
  });

  test("lets variables of others be", () => {
    const options = { environment: { TIDEGATE_OTHER: "1" }, otherVariables: ["TIDEGATE_OTHER"] };
    expect(run([], options).result.kind).toBe("run");
  });

  test("reads real files by default", () => {
    const options = { name: "x", description: "x", table, environment: {}, print: () => {} };
    expect(configure({ ...options, argv: ["--config", import.meta.filename] })).toEqual({
      kind: "exit",
      exitCode: 1,
    });
  });
});
