import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseArguments, usageText } from "./parse-arguments.ts";

describe("parseArguments", () => {
  test.each([
    [[], "run", undefined],
    [["--config", "a.yaml"], "run", "a.yaml"],
    [["--config=a=b.yaml"], "run", "a=b.yaml"],
    [["--check-config"], "check", undefined],
    [["--check-config", "--config", "a.yaml"], "check", "a.yaml"],
    [["--help"], "help", undefined],
    [["-h", "--check-config"], "help", undefined],
  ] as const)("reads %j", (argv, command, configFile) => {
    expect(parseArguments(argv)).toEqual({ ok: true, command, configFile });
  });

  test.each([
    [["--config"], "--config needs a file name after it"],
    [["--config="], "--config needs a file name after it"],
    [["--config", "--check-config"], "--config needs a file name after it"],
    [["--config", "-h"], "--config needs a file name after it"],
    [["--config", "a", "--config", "b"], "--config may be given once"],
    [["--conifg", "a"], 'unknown argument "--conifg"; did you mean --config?'],
    [["--checkconfig"], 'unknown argument "--checkconfig"; did you mean --check-config?'],
    [["--check-config=yes"], '"--check-config" takes no value'],
    [["--help=me"], '"--help" takes no value'],
    [["-x"], 'unknown argument "-x"; see --help'],
    [["start"], 'unknown argument "start"; see --help'],
    [["--secret=hunter2"], 'unknown argument "--secret"; see --help'],
  ])("refuses %j", (argv, message) => {
    expect(parseArguments(argv)).toEqual({ ok: false, message });
  });

  test("never throws, and accepts nothing that is not its own", () => {
    const word = fc.oneof(
      fc.string(),
      fc.constantFrom("--config", "--check-config", "--help", "-h", "--config=x", "file"),
    );
    fc.assert(
      fc.property(fc.array(word, { maxLength: 5 }), (argv) => {
        const parsed = parseArguments(argv);
        if (!parsed.ok) {
          expect(parsed.message).not.toBe("");
          return;
        }
        const rest = argv.filter(
          (argument) => !/^(--config(=.+)?|--check-config|--help|-h)$/s.test(argument),
        );
        expect(rest).toEqual(argv.includes("--config") ? [parsed.configFile] : []);
      }),
    );
  });
});

describe("usageText", () => {
  test("names every flag", () => {
    const usage = usageText("tidegate-gateway", "Serves clients.");
    for (const word of [
      "tidegate-gateway",
      "Serves clients.",
      "--config FILE",
      "--check-config",
      "--help, -h",
    ]) {
      expect(usage).toContain(word);
    }
  });
});
