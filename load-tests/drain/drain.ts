import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { ClientPlan } from "../client-plan.ts";
import { LoadTestError } from "../load-test-error.ts";
import { type DrainAnswer, type DrainReport, type OpenedAnswer, parseDrainAnswer } from "./drain-answer.ts";
import { planText } from "./plan-text.ts";

export interface DrainOptions {
  /** The program, see `buildDrain`. */
  readonly binary: string;
  /** Default `127.0.0.1`; an IPv4 address. */
  readonly host?: string;
  /** One, or several servers of which each client takes the next, and again the next when it is opened again. */
  readonly port: number | readonly number[];
  /** In the order in which they are opened. All are ready, or refused, by the same words: those of the first. */
  readonly plans: readonly ClientPlan[];
  /** Default `ws`. */
  readonly mode?: "ws" | "sse";
  /** A text frame of the server, and what to say to it, as the pings of some protocols want. */
  readonly answer?: { readonly to: string; readonly by: string };
  /**
   * What stands for `{since}` in a plan when a client is opened again; `%` in it is the last cursor that it got. Default: cursors
   * are not looked for.
   */
  readonly since?: string;
  /**
   * Clients come from 127.0.0.1 and up, 4,000 from each address; this many addresses are left to other programs, so that
   * the ports of an address suffice. Default 0.
   */
  readonly firstAddress?: number;
  /** Clients have small buffers, as on a slow line, so that one that does not read is noticed soon. Default false. */
  readonly narrow?: boolean;
}

export interface DrainPace {
  /** Connections under way at a time. */
  readonly inFlight: number;
  /** Connections a second; absent: as fast as they get ready. */
  readonly perSecond?: number;
}

/** How clients whose connections end come back. */
export interface KeepPace extends DrainPace {
  /** Before each is opened again, unless it was told how long to wait. */
  readonly waitMs: number;
}

type Awaited = {
  readonly type: DrainAnswer["type"];
  readonly resolve: (answer: DrainAnswer) => void;
  readonly reject: (error: Error) => void;
};

/** The native client in a process of its own. It ends with this process, or by {@link Drain.stop}. */
export class Drain {
  readonly #process: ChildProcessWithoutNullStreams;
  readonly #awaited: Awaited[] = [];
  readonly #exited: Promise<unknown>;
  readonly #directory: string;
  #failure: Error | undefined;
  #complaint = "";

  private constructor(process: ChildProcessWithoutNullStreams, directory: string) {
    this.#process = process;
    this.#directory = directory;
    this.#exited = once(process, "close");
    createInterface({ input: process.stdout }).on("line", (line) => this.#take(line));
    process.stderr.on("data", (bytes: Buffer) => {
      this.#complaint += bytes.toString("utf8");
    });
    // A program that is gone makes the pipe fail; that it is gone is said by its exit.
    process.stdin.on("error", () => {});
    process.on("error", (error) => this.#fail(`the native client cannot be started: ${error.message}`));
    process.on("close", () => this.#fail(`the native client ended: ${this.#complaint.trim()}`));
  }

  /**
   * Starts it; no connection is opened yet.
   *
   * @throws LoadTestError `client_failed`.
   */
  static async start(options: DrainOptions): Promise<Drain> {
    const { binary, host = "127.0.0.1", port, plans, mode = "ws", answer, since } = options;
    const { firstAddress = 0, narrow = false } = options;
    const directory = await mkdtemp(join(tmpdir(), "tidegate-drain-"));
    const plan = join(directory, "plan");
    await writeFile(plan, planText(plans), { mode: 0o600 });
    const { ready, refused } = plans[0] ?? {};
    const child = spawn(binary, [
      ...["--host", host, "--port", [port].flat().join(","), "--plan", plan, "--mode", mode],
      ...["--first-address", String(firstAddress), ...(narrow ? ["--narrow", "1"] : [])],
      ...(since === undefined ? [] : ["--since", since]),
      ...(ready === undefined ? [] : ["--ready", ready]),
      ...(refused === undefined ? [] : ["--refused", refused]),
      ...(answer === undefined ? [] : ["--answer", `${answer.to}=${answer.by}`]),
    ]);
    const drain = new Drain(child, directory);
    try {
      await drain.#expect("planned");
      return drain;
    } catch (error) {
      await drain.stop();
      throw error;
    }
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }

  /**
   * Opens the next clients of the plan and resolves when they are ready.
   *
   * @throws LoadTestError `connect_failed` with what the first client that failed was told; `client_failed`.
   */
  async open(count: number, { inFlight, perSecond = 0 }: DrainPace): Promise<OpenedAnswer> {
    return await this.#ask(`open ${count} ${perSecond} ${inFlight}`, "opened");
  }

  /** From now on opens those again that end, from the cursor that they got to. Undone by {@link Drain.close}. */
  async keep({ inFlight, perSecond = 0, waitMs }: KeepPace): Promise<void> {
    await this.#ask(`keep ${perSecond} ${inFlight} ${waitMs}`, "keeping");
  }

  /**
   * From now on sleeps so many microseconds after each look at its connections, so that what is sent to them meanwhile wakes no program
   * up. Latencies are then partly its own. 0: sleeps only while there is nothing to do.
   */
  async nap(micros: number): Promise<void> {
    await this.#ask(`nap ${micros}`, "napping");
  }

  /** Counts anew from messages numbered `first` on; earlier ones that still come are kept apart. */
  async begin(first = 0): Promise<void> {
    await this.#ask(`begin ${first}`, "begun");
  }

  async report(): Promise<DrainReport> {
    return await this.#ask("report", "report");
  }

  /** Stops reading the last `count` connections; 0 goes on with all. */
  async stall(count: number): Promise<void> {
    await this.#ask(`stall ${count}`, "stalled");
  }

  /** Closes the last `count` connections by RST. They can be opened again. */
  async close(count: number): Promise<void> {
    await this.#ask(`close ${count}`, "closed");
  }

  /** Closes everything and ends the program. Idempotent, never rejects. */
  async stop(): Promise<void> {
    this.#process.stdin.end();
    await this.#exited.catch(() => {});
    await rm(this.#directory, { recursive: true, force: true });
  }

  async #ask<T extends DrainAnswer["type"]>(
    command: string,
    type: T,
  ): Promise<Extract<DrainAnswer, { type: T }>> {
    const answer = this.#expect(type);
    this.#process.stdin.write(`${command}\n`);
    return await answer;
  }

  async #expect<T extends DrainAnswer["type"]>(type: T): Promise<Extract<DrainAnswer, { type: T }>> {
    if (this.#failure !== undefined) {
      throw this.#failure;
    }
    const answer = await new Promise<DrainAnswer>((resolve, reject) => {
      this.#awaited.push({ type, resolve, reject });
    });
    return answer as Extract<DrainAnswer, { type: T }>;
  }

  #take(line: string): void {
    const answer = parseDrainAnswer(line);
    // Answers of a kind come in the order of the commands, but an `open` is answered when all are there.
    const wanted = answer?.type === "failed" ? "opened" : answer?.type;
    const index = this.#awaited.findIndex(({ type }) => type === wanted);
    const [awaited] = index === -1 ? [] : this.#awaited.splice(index, 1);
    if (answer === undefined || awaited === undefined) {
      this.#fail(`the native client said ${line}`);
    } else if (answer.type === "failed") {
      awaited.reject(new LoadTestError("connect_failed", answer.reason));
    } else {
      awaited.resolve(answer);
    }
  }

  #fail(reason: string): void {
    this.#failure ??= new LoadTestError("client_failed", reason);
    for (const { reject } of this.#awaited.splice(0)) {
      reject(this.#failure);
    }
  }
}
