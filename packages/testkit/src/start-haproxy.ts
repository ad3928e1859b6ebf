import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readEnvironment } from "@tidegate/runtime";
import { accepts, isAccepting } from "./accepting-port.ts";
import { endProcess } from "./end-process.ts";
import type { LocateDebianProgramOptions } from "./locate-debian-program.ts";
import { locateHaproxy } from "./locate-haproxy.ts";
import { randomPort } from "./random-port.ts";
import { supervise } from "./supervise.ts";
import { TestkitError } from "./testkit-error.ts";

export interface StartHaproxyOptions extends LocateDebianProgramOptions {
  /** The whole configuration, of an HAProxy that binds to that port of loopback. It must not demand a background process. */
  readonly configFor: (port: number) => string;
}

/** An HAProxy in front of servers of this machine. It ends when this process does. */
export interface Haproxy extends AsyncDisposable {
  readonly port: number;
  /** What it has said, such as which servers went down. */
  readonly lines: readonly string[];
  stop(): Promise<void>;
}

const stopGraceMs = 2000;
const maxPortAttempts = 20;

/**
 * Starts an HAProxy on a free port of loopback.
 *
 * @throws TestkitError `haproxy-missing`, or `process-failed` with what it printed.
 */
export async function startHaproxy(options: StartHaproxyOptions): Promise<Haproxy> {
  const path = await locateHaproxy(options);
  const directory = await mkdtemp(join(tmpdir(), "tidegate-haproxy-"));
  const remove = () => rm(directory, { recursive: true, force: true });
  for (let attempt = 0; attempt < maxPortAttempts; attempt += 1) {
    const port = randomPort();
    if (await accepts(port)) continue;
    const lines: string[] = [];
    const configPath = join(directory, "haproxy.cfg");
    await writeFile(configPath, options.configFor(port));
    // -db: in the foreground, and one process.
    const process = await supervise(path, ["-db", "-f", configPath], {
      env: options.env ?? readEnvironment(),
      cwd: directory,
      output: (line) => lines.push(line),
      removeIfOrphaned: directory,
      keepsAlive: false,
    });
    const stop = async () => {
      await endProcess(process, "SIGTERM", stopGraceMs);
      await remove();
    };
    if (await isAccepting(process, port)) return { port, lines, stop, [Symbol.asyncDispose]: stop };
    await endProcess(process, "SIGKILL", stopGraceMs);
    if (!lines.some((line) => line.includes("Address already in use"))) {
      await remove();
      throw new TestkitError("process-failed", ["HAProxy did not start", ...lines].join("\n"));
    }
  }
  await remove();
  throw new TestkitError("process-failed", `HAProxy found no free port in ${maxPortAttempts} attempts`);
}
