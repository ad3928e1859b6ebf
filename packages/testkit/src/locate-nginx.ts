import type { DebianProgram } from "./debian-program.ts";
import { type LocateDebianProgramOptions, locateDebianProgram } from "./locate-debian-program.ts";

const nginx: DebianProgram = {
  name: "nginx",
  packageName: "nginx",
  directory: "usr/sbin",
  variable: "TIDEGATE_NGINX",
  missing: "nginx-missing",
  versionArgument: "-v",
  version: /^nginx version: /m,
  usualPlaces: ["/usr/sbin/nginx", "/usr/local/sbin/nginx", "/opt/homebrew/bin/nginx"],
};

/** The path of an nginx that runs, installed if need be. @throws TestkitError `nginx-missing`. */
export function locateNginx(options: LocateDebianProgramOptions = {}): Promise<string> {
  return locateDebianProgram(nginx, options);
}
