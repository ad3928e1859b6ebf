import type { StackArguments } from "./stack-arguments.ts";

/** Where text goes; a stream of this process, or a list in a test. */
export type Print = (text: string) => void;

export interface ScreenStreams {
  readonly out: Print;
  readonly err: Print;
}

const HEARTBEAT_MS = 10_000;

/**
 * What the stack says. People read standard output; with `--json` that belongs to the one line for programs, and
 * all words go to standard error.
 */
export class Screen {
  readonly #streams: ScreenStreams;
  readonly #say: Print;

  constructor({ json }: Pick<Extract<StackArguments, { kind: "run" }>, "json">, streams: ScreenStreams) {
    this.#streams = streams;
    this.#say = json ? streams.err : streams.out;
  }

  /** A line for people. */
  say(text: string): void {
    this.#say(`${text}\n`);
  }

  /** The line for programs. */
  report(value: object): void {
    this.#streams.out(`${JSON.stringify(value)}\n`);
  }

  /** Something went wrong. */
  complain(text: string): void {
    this.#streams.err(`${text}\n`);
  }

  /** What a process printed. */
  quote(name: string, line: string): void {
    this.#streams.err(`${name.padEnd(7)} | ${line}\n`);
  }

  /**
   * Follows a step that may take long: call the first function with what is being done now, and the second when it
   * is over. In between, a line now and then says that it is still going on.
   */
  progress(): { readonly onProgress: (message: string) => void; readonly done: () => void } {
    let heartbeat: NodeJS.Timeout | undefined;
    return {
      onProgress: (message) => {
        clearInterval(heartbeat);
        this.say(`  ${message}`);
        const since = performance.now();
        heartbeat = setInterval(() => {
          this.say(`  … still at it after ${Math.round((performance.now() - since) / 1000)} s`);
        }, HEARTBEAT_MS);
      },
      done: () => clearInterval(heartbeat),
    };
  }
}
