import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { Socket } from "node:net";
import { constants } from "node:os";
import type { Environment } from "@tidegate/runtime";
import { describeError } from "./describe-error.ts";
import { LineSplitter } from "./line-splitter.ts";
import { TestkitError } from "./testkit-error.ts";

/**
 * The shell that stands between us and the process. Its standard input is a pipe whose only writer is this
 * process, so it reads end-of-file when we are gone, however we went: SIGKILL, crash or plain exit. Then it
 * kills the process (SIGKILL also ends a stopped one), removes the directory and ends its whole group.
 *
 * The shell starts the process rather than being started beside it, so that there is no moment at which the
 * process runs unwatched. Descriptor 3 tells us the process id and, later, the exit status; 4 is the pipe;
 * 5 is the error output of the process, kept away from the shell's own remarks ("Killed").
 *
 * The watcher is ended before the status is reported: afterwards the process id may belong to someone else.
 * PIPE is ignored only after the process has started, since ignored signals are inherited.
 */
const supervisorScript = `
dir=$1
shift
exec 4<&0 5>&2 2>/dev/null
"$@" </dev/null 2>&5 3>&- 4<&- 5>&- &
pid=$!
trap '' PIPE
echo "$pid" >&3
( read -r word <&4; kill -KILL "$pid" ) 3>&- 5>&- >/dev/null &
watcher=$!
wait "$pid"
status=$?
kill "$watcher"
wait "$watcher"
echo "$status" >&3
word=
read -r word <&4
[ "$word" = keep ] || [ -z "$dir" ] || command -p rm -rf -- "$dir"
kill -KILL 0
`;

/** How a process ended. One of the two is null, as with child processes of Node. */
export interface ExitStatus {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export type OutputStream = "stdout" | "stderr";

export interface SuperviseOptions {
  /** The whole environment of the process; nothing is inherited besides. */
  readonly env: Environment;
  readonly cwd?: string;
  /** Where its output goes: a file descriptor, or a function that gets every line, from the very start on. */
  readonly output: number | ((line: string, stream: OutputStream) => void);
  /** Removed with everything in it if we die before the process was seen to end; kept otherwise. */
  readonly removeIfOrphaned?: string;
  /** Whether the running process keeps our event loop alive. */
  readonly keepsAlive: boolean;
}

export interface SupervisedProcess {
  readonly pid: number;
  /** Settles when the process has ended and all its output was handed over. Never rejects. */
  readonly exited: Promise<ExitStatus>;
  /** Sends a signal; false if the process has ended already. */
  signal(signal: NodeJS.Signals): boolean;
}

/**
 * Starts a process that cannot outlive this one. It runs in a session of its own, so a Ctrl-C at the terminal
 * reaches only us and we decide the order of stopping. Needs a POSIX shell.
 *
 * Exit codes above 128 are reported as signals, as a shell does. A command that cannot be executed is a
 * process that ends with 126 or 127 and says why on its error output.
 *
 * @throws TestkitError `process-failed` if the shell itself cannot be started.
 */
export async function supervise(
  command: string,
  args: readonly string[],
  options: SuperviseOptions,
): Promise<SupervisedProcess> {
  const output = typeof options.output === "number" ? options.output : "pipe";
  const shell = spawn(
    "/bin/sh",
    ["-c", supervisorScript, "tidegate-supervisor", options.removeIfOrphaned ?? "", command, ...args],
    {
      stdio: ["pipe", output, output, "pipe"],
      detached: true,
      env: { ...options.env },
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    },
  );
  try {
    await once(shell, "spawn");
  } catch (error) {
    throw new TestkitError("process-failed", `cannot start ${command}: ${describeError(error)}`, {
      cause: error,
    });
  }
  return new Supervised(shell, command, options).started();
}

type State =
  | { readonly kind: "starting" }
  | { readonly kind: "running"; readonly pid: number }
  | { readonly kind: "ended"; readonly status: ExitStatus };

class Supervised {
  readonly #shell: ChildProcess;
  readonly #command: string;
  readonly #keepsAlive: boolean;
  readonly #pid = Promise.withResolvers<number>();
  readonly #exited = Promise.withResolvers<ExitStatus>();
  #state: State = { kind: "starting" };

  constructor(shell: ChildProcess, command: string, options: SuperviseOptions) {
    this.#shell = shell;
    this.#command = command;
    this.#keepsAlive = options.keepsAlive;

    const reports = new LineSplitter((line) => this.#report(Number(line)));
    const [, , , reportPipe] = shell.stdio;
    if (reportPipe instanceof Socket) {
      reportPipe.on("data", (chunk) => reports.push(Buffer.from(chunk)));
    }
    if (typeof options.output === "function") {
      forwardLines(shell.stdout, "stdout", options.output);
      forwardLines(shell.stderr, "stderr", options.output);
    }
    // A shell that is gone makes the pipe fail; its end is reported by the close event.
    shell.stdin?.on("error", () => {});
    shell.on("error", () => {});
    // "close" rather than "exit": only then has all output been read.
    shell.once("close", () => this.#closed());
  }

  async started(): Promise<SupervisedProcess> {
    const pid = await this.#pid.promise;
    // Not earlier: a program that waits for nothing but this start must not run out of things to wait for.
    if (!this.#keepsAlive) {
      this.#shell.unref();
      for (const stream of this.#shell.stdio) if (stream instanceof Socket) stream.unref();
    }
    return {
      pid,
      exited: this.#exited.promise,
      signal: (signal) => this.#signal(signal),
    };
  }

  /** The shell says two numbers: first the process id, then the exit status. */
  #report(value: number): void {
    if (this.#state.kind === "starting") {
      this.#state = { kind: "running", pid: value };
      this.#pid.resolve(value);
    } else if (this.#state.kind === "running") {
      this.#state = { kind: "ended", status: statusOfShell(value) };
      // We are alive, so what becomes of the directory is our decision. The end of the pipe then lets the
      // shell end what the process left behind in its group.
      this.#shell.stdin?.end("keep\n");
    }
  }

  #closed(): void {
    if (this.#state.kind === "starting") {
      this.#pid.reject(new TestkitError("process-failed", `the supervisor of ${this.#command} ended early`));
    }
    // Without a report someone has killed the shell; its watcher then kills the process.
    const status: ExitStatus =
      this.#state.kind === "ended" ? this.#state.status : { code: null, signal: "SIGKILL" };
    this.#state = { kind: "ended", status };
    this.#exited.resolve(status);
  }

  #signal(signal: NodeJS.Signals): boolean {
    if (this.#state.kind !== "running") return false;
    try {
      return process.kill(this.#state.pid, signal);
    } catch {
      // Ended, and the report of it is on its way to us.
      return false;
    }
  }
}

function forwardLines(
  stream: NodeJS.ReadableStream | null,
  name: OutputStream,
  onLine: (line: string, stream: OutputStream) => void,
): void {
  const splitter = new LineSplitter((line) => onLine(line, name));
  stream?.on("data", (chunk: Buffer) => splitter.push(chunk));
  stream?.on("end", () => splitter.end());
}

function statusOfShell(value: number): ExitStatus {
  for (const [name, number] of Object.entries(constants.signals)) {
    if (number === value - 128) return { code: null, signal: name as NodeJS.Signals };
  }
  return { code: value, signal: null };
}
