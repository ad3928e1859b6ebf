import type { DebianProgram } from "./debian-program.ts";
import { type LocateDebianProgramOptions, locateDebianProgram } from "./locate-debian-program.ts";

const haproxy: DebianProgram = {
  name: "haproxy",
  packageName: "haproxy",
  directory: "usr/sbin",
  variable: "TIDEGATE_HAPROXY",
  missing: "haproxy-missing",
  versionArgument: "-v",
  version: /^HAProxy version /m,
  usualPlaces: ["/usr/sbin/haproxy", "/usr/local/sbin/haproxy", "/opt/homebrew/bin/haproxy"],
};

/** The path of an HAProxy that runs, installed if need be. @throws TestkitError `haproxy-missing`. */
export function locateHaproxy(options: LocateDebianProgramOptions = {}): Promise<string> {
  return locateDebianProgram(haproxy, options);
}
