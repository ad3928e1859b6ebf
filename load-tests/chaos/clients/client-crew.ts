import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { LoadTestError } from "../../load-test-error.ts";
import { addMoments, type Moment } from "../accounting/timeline.ts";
import type { Answer, NumberedAnswer, NumberedOrder, Order, RoundTruth, TallyOf } from "./orders.ts";
import type { ClientPlan } from "./subscriber.ts";

const PROCESS_FILE = new URL("client-process.ts", import.meta.url);
/** The processes keep the limits themselves; this is for one that does not answer at all. */
const ANSWER_LIMIT_MS = 180_000;

/** The clients of a run, in several processes. */
export class ClientCrew {
  readonly #processes: readonly ClientProcess[];

  private constructor(processes: readonly ClientProcess[]) {
    this.#processes = processes;
  }

  /**
   * Starts the processes, makes the clients and connects them.
   *
   * @throws LoadTestError `connect_failed` if not all are served in time.
   */
  static async open(
    plans: readonly ClientPlan[],
    ports: readonly number[],
    processes: number,
  ): Promise<ClientCrew> {
    const crew = new ClientCrew(Array.from({ length: processes }, () => new ClientProcess()));
    try {
      await Promise.all(
        crew.#processes.map((process, index) => {
          const clients = plans.filter((_, client) => client % processes === index);
          return process.ask({ type: "open", clients, ports });
        }),
      );
      return crew;
    } catch (error) {
      await crew.close();
      throw error;
    }
  }

  /** Everybody drops the connection. */
  async leave(): Promise<void> {
    await this.#askAll({ type: "leave" });
  }

  /** Everybody connects again within `spreadMs`; resolves when all are served. */
  async join(spreadMs: number, limitMs: number): Promise<void> {
    await this.#askAll({ type: "join", spreadMs, limitMs });
  }

  /** Begins a round. */
  async begin(): Promise<void> {
    await this.#askAll({ type: "begin" });
  }

  /** Resolves when everybody is served. */
  async served(limitMs: number): Promise<void> {
    await this.#askAll({ type: "serve", limitMs });
  }

  /** Served clients by index of the port. */
  async whereabouts(nodes: number): Promise<readonly number[]> {
    const answers = await this.#askAll({ type: "whereabouts" });
    return Array.from({ length: nodes }, (_, node) =>
      answers.reduce(
        (sum, answer) => sum + (answer.type === "whereabouts" ? (answer.served[node] ?? 0) : 0),
        0,
      ),
    );
  }

  /** What happened in each second since the round began, in the order of time. */
  async timeline(): Promise<readonly Moment[]> {
    const answers = await this.#askAll({ type: "timeline" });
    return addMoments(answers.flatMap((answer) => (answer.type === "timeline" ? answer.moments : [])));
  }

  /** Waits until everybody has everything, but no longer than that, and accounts for it. */
  async settle(truths: readonly RoundTruth[], limitMs: number): Promise<readonly TallyOf[]> {
    const answers = await this.#askAll({ type: "settle", truths, limitMs });
    return answers.flatMap((answer) => (answer.type === "settled" ? answer.tallies : []));
  }

  /** Ends the processes. */
  async close(): Promise<void> {
    await Promise.all(this.#processes.map((process) => process.end()));
  }

  #askAll(order: Order): Promise<readonly Answer[]> {
    return Promise.all(this.#processes.map((process) => process.ask(order)));
  }
}

class ClientProcess {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, PromiseWithResolvers<Answer>>();
  #lastId = 0;

  constructor() {
    this.#child = fork(PROCESS_FILE, { execArgv: ["--disable-warning=ExperimentalWarning"] });
    this.#child.on("message", ({ id, answer }: NumberedAnswer) => {
      this.#waiting.get(id)?.resolve(answer);
      this.#waiting.delete(id);
    });
    this.#child.on("exit", (code, signal) => this.#fail(`a client process ended with ${signal ?? code}`));
    this.#child.on("error", (error) => this.#fail(error.message));
  }

  /** @throws LoadTestError `connect_failed` if it could not be done, `server_failed` if the process is gone. */
  async ask(order: Order): Promise<Answer> {
    this.#lastId += 1;
    const numbered: NumberedOrder = { id: this.#lastId, order };
    const waiting = Promise.withResolvers<Answer>();
    this.#waiting.set(numbered.id, waiting);
    const timer = setTimeout(() => {
      waiting.reject(new LoadTestError("timeout", `a client process did not answer ${order.type}`));
    }, ANSWER_LIMIT_MS);
    try {
      this.#child.send(numbered, (error) => {
        if (error !== null) {
          waiting.reject(new LoadTestError("server_failed", `a client process is gone: ${error.message}`));
        }
      });
      const answer = await waiting.promise;
      if (answer.type === "failed") {
        throw new LoadTestError("connect_failed", answer.message);
      }
      return answer;
    } finally {
      clearTimeout(timer);
      this.#waiting.delete(numbered.id);
    }
  }

  async end(): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      const exited = once(this.#child, "exit");
      this.#child.kill("SIGKILL");
      await exited;
    }
  }

  #fail(message: string): void {
    for (const waiting of this.#waiting.values()) {
      waiting.reject(new LoadTestError("server_failed", message));
    }
    this.#waiting.clear();
  }
}
