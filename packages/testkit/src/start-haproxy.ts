import type { LocateDebianProgramOptions } from "./locate-debian-program.ts";
import { locateHaproxy } from "./locate-haproxy.ts";
import { startProxy } from "./start-proxy.ts";

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

/**
 * Starts an HAProxy on a free port of loopback.
 *
 * @throws TestkitError `haproxy-missing`, or `process-failed` with what it printed.
 */
export async function startHaproxy(options: StartHaproxyOptions): Promise<Haproxy> {
  const { port, lines, stop } = await startProxy({
    title: "HAProxy",
    program: await locateHaproxy(options),
    env: options.env,
    configFor: options.configFor,
    // -db: in the foreground, and one process.
    argsFor: (configPath) => ["-db", "-f", configPath],
  });
  return { port, lines, stop, [Symbol.asyncDispose]: stop };
}
