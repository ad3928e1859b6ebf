import { join } from "node:path";
import {
  defaultCacheDir,
  findOnPath,
  readEnvironment,
  runCommand,
  takeFromDebian,
  withInstallLock,
} from "@tidegate/testkit";
import { exists, say } from "./go-program.ts";

const TIMEOUT_MS = 2 * 60_000;

/** Runs Prometheus' own checker in a folder. @throws TestkitError with what it says, if it finds something wrong. */
export type Promtool = (args: readonly string[], cwd: string) => Promise<string>;

/**
 * promtool from PATH, else from the cache, where it is put first from Debian's package: building it takes minutes, and the
 * language of rules is the same in all versions since 2.42.
 *
 * @throws TestkitError `install-failed` or `process-failed` where there is none and no Debian either.
 */
export async function openPromtool(): Promise<Promtool> {
  const env = readEnvironment();
  const program = await locatePromtool();
  return async (args, cwd) => await runCommand(program, args, { env, cwd, timeoutMs: TIMEOUT_MS });
}

async function locatePromtool(): Promise<string> {
  const env = readEnvironment();
  const [found] = await findOnPath("promtool", env);
  if (found !== undefined) return found;
  const directory = join(defaultCacheDir(env), "promtool", `${process.platform}-${process.arch}`);
  const target = join(directory, "promtool");
  if (await exists(target)) return target;
  const onWait = () => say("waiting for another process that fetches promtool");
  return await withInstallLock(join(directory, "lock"), { onWait }, async () => {
    if (!(await exists(target))) {
      const program = "usr/bin/promtool";
      await takeFromDebian({ env, packageName: "prometheus", program, target, onProgress: say });
    }
    return target;
  });
}
