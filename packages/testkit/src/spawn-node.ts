import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { type Environment, readEnvironment } from "@tidegate/runtime";
import { endProcess } from "./end-process.ts";
import { PATIENCE_MS } from "./patience.ts";
import { pinnedNodePath } from "./pinned-node.ts";
import { type ExitStatus, type OutputStream, type SupervisedProcess, supervise } from "./supervise.ts";
import { TestkitError } from "./testkit-error.ts";

export interface SpawnNodeOptions {
  readonly args?: readonly string[];
  /** Added to the environment of this process; `undefined` removes a name from it. */
  readonly env?: Environment;
  readonly cwd?: string;
  /** Options for Node itself, as `--conditions=compiled`. */
  readonly nodeOptions?: readonly string[];
  /** A program with arguments that runs, in place of itself, the command that is added to them, as `nsenter`. */
  readonly runner?: readonly string[];
}

export interface OutputLine {
  readonly stream: OutputStream;
  readonly text: string;
}

/** A Node program in a process of its own, which ends when this process does. */
export interface NodeProcess extends AsyncDisposable {
  readonly pid: number;
  /** Everything it has printed so far, in the order in which it arrived. */
  readonly lines: readonly OutputLine[];
  /** Never rejects. Exit codes above 128 show as signals. */
  readonly exited: Promise<ExitStatus>;
  /**
   * The first line, printed already or to come, that contains the text or matches the expression.
   *
   * @throws TestkitError `timeout` (default 20000 ms), or `process-failed` if it ends first; the message holds
   *   what it printed.
   */
  waitForLine(match: string | RegExp, timeoutMs?: number): Promise<string>;
  /** Sends a signal; false if it has ended. */
  signal(signal: NodeJS.Signals): boolean;
  /** Sends a signal (default SIGTERM) and waits for its end; after the grace period (default 10000 ms) kills it. */
  stop(signal?: NodeJS.Signals, graceMs?: number): Promise<ExitStatus>;
}

const shownLines = 40;

/**
 * Runs a JavaScript or TypeScript file with the pinned Node. Its own children are ended with it, unless they
 * left its process group.
 *
 * @param file path or file URL
 */
export async function spawnNode(file: string | URL, options: SpawnNodeOptions = {}): Promise<NodeProcess> {
  const path = file instanceof URL ? fileURLToPath(file) : resolve(file);
  const output = new CapturedOutput();
  const [command = "", ...before] = [...(options.runner ?? []), await pinnedNodePath()];
  const child = await supervise(
    command,
    [
      ...before,
      // Node calls type stripping experimental at every start.
      "--disable-warning=ExperimentalWarning",
      ...(options.nodeOptions ?? []),
      path,
      ...(options.args ?? []),
    ],
    {
      env: { ...readEnvironment(), ...options.env },
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
      output: (text, stream) => output.add({ stream, text }),
      keepsAlive: true,
    },
  );
  return new RunningNode(path, child, output);
}

/** Remembers lines and tells those who wait for one. */
class CapturedOutput {
  readonly lines: OutputLine[] = [];
  readonly #listeners = new Set<(line: OutputLine) => void>();

  add(line: OutputLine): void {
    this.lines.push(line);
    for (const listener of this.#listeners) listener(line);
  }

  subscribe(listener: (line: OutputLine) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  describe(): string {
    if (this.lines.length === 0) return "it printed nothing";
    return ["it printed:", ...this.lines.slice(-shownLines).map(({ text }) => `  ${text}`)].join("\n");
  }
}

class RunningNode implements NodeProcess {
  readonly pid: number;
  readonly exited: Promise<ExitStatus>;
  readonly #path: string;
  readonly #child: SupervisedProcess;
  readonly #output: CapturedOutput;

  constructor(path: string, child: SupervisedProcess, output: CapturedOutput) {
    this.pid = child.pid;
    this.exited = child.exited;
    this.#path = path;
    this.#child = child;
    this.#output = output;
  }

  get lines(): readonly OutputLine[] {
    return this.#output.lines;
  }

  waitForLine(match: string | RegExp, timeoutMs = PATIENCE_MS): Promise<string> {
    // search() rather than test(), which would remember a position if the expression is global.
    const matches = ({ text }: OutputLine) =>
      typeof match === "string" ? text.includes(match) : text.search(match) >= 0;
    const printed = this.#output.lines.find(matches);
    if (printed !== undefined) return Promise.resolve(printed.text);

    const waiting = new Promise<string>((resolveLine, reject) => {
      const finish = () => {
        clearTimeout(timer);
        unsubscribe();
      };
      const fail = (code: "timeout" | "process-failed", what: string) => {
        finish();
        reject(new TestkitError(code, `${this.#path} ${what} ${match}; ${this.#output.describe()}`));
      };
      const timer = setTimeout(() => fail("timeout", `printed in ${timeoutMs} ms no line with`), timeoutMs);
      const unsubscribe = this.#output.subscribe((line) => {
        if (!matches(line)) return;
        finish();
        resolveLine(line.text);
      });
      void this.exited.then(({ code, signal }) => {
        fail("process-failed", `ended with ${signal ?? `code ${code}`} before it printed a line with`);
      });
    });
    // A wait that nobody looks at any more must not bring the test run down.
    waiting.catch(() => {});
    return waiting;
  }

  signal(signal: NodeJS.Signals): boolean {
    return this.#child.signal(signal);
  }

  stop(signal: NodeJS.Signals = "SIGTERM", graceMs = 10_000): Promise<ExitStatus> {
    return endProcess(this.#child, signal, graceMs);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop("SIGKILL");
  }
}
