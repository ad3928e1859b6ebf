import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Environment, readEnvironment } from "@tidegate/runtime";
import { accepts, isAccepting } from "./accepting-port.ts";
import { endProcess } from "./end-process.ts";
import { randomPort } from "./random-port.ts";
import { supervise } from "./supervise.ts";
import { TestkitError } from "./testkit-error.ts";

export interface StartProxyOptions {
  /** For people. */
  readonly title: string;
  /** Path of the program. */
  readonly program: string;
  /** Default: that of this process. */
  readonly env?: Environment | undefined;
  /** The whole configuration, of a proxy that binds to that port of loopback and stays in the foreground; the directory is its own. */
  readonly configFor: (port: number, directory: string) => string;
  readonly argsFor: (configPath: string, directory: string) => readonly string[];
}

/** A proxy that runs. It ends when this process does. */
export interface RunningProxy {
  readonly port: number;
  /** What it has said. */
  readonly lines: readonly string[];
  stop(): Promise<void>;
}

const stopGraceMs = 2000;
const maxPortAttempts = 20;

/** Starts a proxy on a free port of loopback. @throws TestkitError `process-failed` with what it printed. */
export async function startProxy(options: StartProxyOptions): Promise<RunningProxy> {
  const { title, program, configFor, argsFor } = options;
  const directory = await mkdtemp(join(tmpdir(), `tidegate-${title.toLowerCase()}-`));
  const remove = () => rm(directory, { recursive: true, force: true });
  for (let attempt = 0; attempt < maxPortAttempts; attempt += 1) {
    const port = randomPort();
    // Some try for seconds to get a port that another has, and whoever answers meanwhile is not the proxy.
    if (await accepts(port)) continue;
    const lines: string[] = [];
    const configPath = join(directory, "proxy.conf");
    await writeFile(configPath, configFor(port, directory));
    const process = await supervise(program, argsFor(configPath, directory), {
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
    if (await isAccepting(process, port)) return { port, lines, stop };
    await endProcess(process, "SIGKILL", stopGraceMs);
    if (!lines.some((line) => line.includes("Address already in use"))) {
      await remove();
      throw new TestkitError("process-failed", [`${title} did not start`, ...lines].join("\n"));
    }
  }
  await remove();
  throw new TestkitError("process-failed", `${title} found no free port in ${maxPortAttempts} attempts`);
}
