import { rm } from "node:fs/promises";
import { endProcess } from "./end-process.ts";
import { natsHost } from "./nats-config.ts";
import { type LaunchNatsOptions, launchNats } from "./nats-process.ts";
import type { SupervisedProcess } from "./supervise.ts";
import { TestkitError } from "./testkit-error.ts";
import { waitUntilStopped } from "./wait-until-stopped.ts";

/** A nats-server with JetStream. */
export interface NatsServer extends AsyncDisposable {
  /** Whether somebody else runs it (`NATS_URL`). Then it cannot be controlled, and stopping does nothing. */
  readonly external: boolean;
  /** What clients connect to. */
  readonly url: string;
  /** Ends it and removes its store, unless the store was given. Repeated calls do nothing. */
  stop(): Promise<void>;
  /**
   * Ends it as a crash would, by SIGKILL, or in order, by SIGTERM; the store stays for `restart`. Does nothing if it is
   * down.
   */
  kill(signal?: "SIGKILL" | "SIGTERM"): Promise<void>;
  /** Starts it again on the same port with the same store; ends it in an orderly way first if it runs. */
  restart(): Promise<void>;
  /** Freezes it (SIGSTOP): connections stay open, nothing is answered. Resolves when it no longer runs. */
  pause(): Promise<void>;
  /** Ends the freeze. */
  resume(): Promise<void>;
}

/** A nats-server of our own. */
export interface OwnNatsServer extends NatsServer {
  readonly external: false;
  /** What it calls itself; the same after every restart. */
  readonly name: string;
  /** The same after every restart. */
  readonly port: number;
  /** Undefined while it is down; another after every restart. */
  readonly pid: number | undefined;
  readonly storeDir: string;
  /** Base address of its monitoring pages (`/varz`, `/jsz`), if they were asked for. */
  readonly monitorUrl: string | undefined;
}

const stopGraceMs = 5000;

type State =
  | { readonly kind: "running"; readonly process: SupervisedProcess }
  | { readonly kind: "down" }
  | { readonly kind: "stopped" };

/** The running server and how to start it again. */
export class ManagedNatsServer implements OwnNatsServer {
  readonly external = false;
  readonly #launch: LaunchNatsOptions;
  #state: State;
  /** Operations run one after the other, in the order in which they were called. */
  #tail: Promise<void> = Promise.resolve();

  constructor(launch: LaunchNatsOptions, process: SupervisedProcess) {
    this.#launch = launch;
    this.#state = this.#running(process);
  }

  get url(): string {
    return `nats://${natsHost}:${this.port}`;
  }

  get name(): string {
    return this.#launch.config.serverName;
  }

  get port(): number {
    return this.#launch.config.port;
  }

  get pid(): number | undefined {
    return this.#state.kind === "running" ? this.#state.process.pid : undefined;
  }

  get storeDir(): string {
    return this.#launch.config.storeDir;
  }

  get monitorUrl(): string | undefined {
    const port = this.#launch.config.monitorPort;
    return port === undefined ? undefined : `http://${natsHost}:${port}`;
  }

  stop(): Promise<void> {
    return this.#inOrder(async () => {
      if (this.#state.kind === "stopped") return;
      await this.#end("SIGTERM");
      this.#state = { kind: "stopped" };
      // A store of our own lies inside.
      await rm(this.#launch.workDir, { recursive: true, force: true });
    });
  }

  kill(signal: "SIGKILL" | "SIGTERM" = "SIGKILL"): Promise<void> {
    return this.#inOrder(() => this.#end(signal));
  }

  restart(): Promise<void> {
    return this.#inOrder(async () => {
      if (this.#state.kind === "stopped")
        throw new TypeError("this nats-server was stopped and its files removed");
      await this.#end("SIGTERM");
      const outcome = await launchNats(this.#launch);
      if (outcome.kind === "port-in-use") {
        throw new TestkitError(
          "nats-start-failed",
          `its port was taken while it was down: ${outcome.logLine}`,
        );
      }
      this.#state = this.#running(outcome.process);
    });
  }

  pause(): Promise<void> {
    return this.#inOrder(async () => {
      const process = this.#requireRunning("pause");
      process.signal("SIGSTOP");
      await waitUntilStopped(process.pid);
    });
  }

  resume(): Promise<void> {
    return this.#inOrder(async () => {
      this.#requireRunning("resume").signal("SIGCONT");
    });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  #running(process: SupervisedProcess): State {
    const state: State = { kind: "running", process };
    void process.exited.then(() => {
      // It ended by itself: a crash, or a signal from elsewhere.
      if (this.#state === state) this.#state = { kind: "down" };
    });
    return state;
  }

  async #end(signal: "SIGTERM" | "SIGKILL"): Promise<void> {
    if (this.#state.kind !== "running") return;
    const { process } = this.#state;
    await endProcess(process, signal, stopGraceMs);
    this.#state = { kind: "down" };
  }

  #requireRunning(what: string): SupervisedProcess {
    if (this.#state.kind === "running") return this.#state.process;
    throw new TypeError(`cannot ${what} a nats-server that is ${this.#state.kind}`);
  }

  #inOrder(operation: () => Promise<void>): Promise<void> {
    const result = this.#tail.then(operation);
    this.#tail = result.catch(() => {});
    return result;
  }
}
