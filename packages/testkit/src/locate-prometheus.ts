import type { DebianProgram } from "./debian-program.ts";
import { type LocateDebianProgramOptions, locateDebianProgram } from "./locate-debian-program.ts";

/** The server itself, out of the package that promtool is from, too. Without the pages of its own, which lie elsewhere. */
const prometheus: DebianProgram = {
  name: "prometheus",
  packageName: "prometheus",
  directory: "usr/bin",
  variable: "TIDEGATE_PROMETHEUS",
  missing: "prometheus-missing",
  versionArgument: "--version",
  version: /^prometheus, version /m,
  usualPlaces: ["/usr/bin/prometheus", "/usr/local/bin/prometheus", "/opt/homebrew/bin/prometheus"],
};

/** The path of a Prometheus that runs, installed if need be. @throws TestkitError `prometheus-missing`. */
export function locatePrometheus(options: LocateDebianProgramOptions = {}): Promise<string> {
  return locateDebianProgram(prometheus, options);
}
