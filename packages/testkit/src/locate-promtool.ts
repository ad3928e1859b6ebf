import type { DebianProgram } from "./debian-program.ts";
import { type LocateDebianProgramOptions, locateDebianProgram } from "./locate-debian-program.ts";

/** From Debian's package, since building it takes minutes; the language of rules is the same in all versions since 2.42. */
const promtool: DebianProgram = {
  name: "promtool",
  packageName: "prometheus",
  directory: "usr/bin",
  variable: "TIDEGATE_PROMTOOL",
  missing: "promtool-missing",
  versionArgument: "--version",
  version: /^promtool, version /m,
  usualPlaces: ["/usr/bin/promtool", "/usr/local/bin/promtool", "/opt/homebrew/bin/promtool"],
};

/** The path of a promtool that runs, installed if need be. @throws TestkitError `promtool-missing`. */
export function locatePromtool(options: LocateDebianProgramOptions = {}): Promise<string> {
  return locateDebianProgram(promtool, options);
}
