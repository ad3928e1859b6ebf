import type { MetricsExposition } from "../metrics/create-metrics.ts";
import type { ReadinessSource } from "../operations/readiness.ts";
import {
  type ProcessEffects,
  type ProcessEvent,
  processEffects,
  type TerminationSignal,
} from "../service/process-effects.ts";
import { ALIVE_INTERVAL_MS, type FromWorker, type ToWorker } from "./worker-message.ts";

/** What a supervised process has instead of a process of its own. */
export interface WorkerSeat {
  /** From 0; kept by the process that replaces this one. */
  readonly index: number;
  /** What to do, as the supervisor was given it; a copy, and of plain data only. */
  readonly work: unknown;
  /** For `runService`: signals come from the supervisor. Those that the system sends are ignored. */
  readonly process: ProcessEffects;
  /** Instead of an operations server: lets the supervisor ask, until the returned function is called. */
  readonly report: (metrics: MetricsExposition, readiness: ReadinessSource) => () => void;
}

/**
 * Takes the place of a worker: tells the supervisor so and waits for what to do. From here on the process ends with its
 * supervisor, however that ends.
 *
 * @throws TypeError if no supervisor started this process.
 */
export async function takeWorkerSeat(): Promise<WorkerSeat> {
  if (process.send === undefined) {
    throw new TypeError("a worker is started by its supervisor, not by itself");
  }
  process.on("disconnect", () => {
    // A supervisor that was killed can't say anything, and a worker without one would serve on unseen.
    process.stderr.write("the supervisor has gone; its worker ends\n");
    process.exit(1);
  });
  const channel = new SupervisorChannel();
  const { index, work } = await channel.begin();
  return Object.freeze({
    index,
    work,
    process: channel.effects,
    report: (metrics, readiness) => channel.report(metrics, readiness),
  } satisfies WorkerSeat);
}

class SupervisorChannel {
  readonly #listeners = new Map<ProcessEvent, Set<(detail: unknown) => void>>();
  #metrics: MetricsExposition | undefined;
  #early: TerminationSignal | undefined;
  #onBegin: ((message: ToWorker & { kind: "begin" }) => void) | undefined;

  readonly effects: ProcessEffects = {
    on: (event, listener) => {
      if (event === "SIGTERM" || event === "SIGINT") {
        this.#of(event).add(listener);
        // The supervisor was told to end before there was anybody to pass it on to.
        if (this.#early === event) {
          this.#early = undefined;
          queueMicrotask(() => listener(event));
        }
      } else {
        processEffects.on(event, listener);
      }
    },
    off: (event, listener) => {
      this.#of(event).delete(listener);
      processEffects.off(event, listener);
    },
    exit: (code) => processEffects.exit(code),
  };

  begin(): Promise<ToWorker & { kind: "begin" }> {
    // A terminal sends Ctrl-C to every process of its group, an init system SIGTERM to all of a service: the supervisor gets it,
    // too, and its word is the one that counts.
    process.on("SIGTERM", () => {});
    process.on("SIGINT", () => {});
    process.on("message", (message) => this.#receive(message as ToWorker));
    const begun = new Promise<ToWorker & { kind: "begin" }>((resolve) => {
      this.#onBegin = resolve;
    });
    send({ kind: "hello" });
    setInterval(() => send({ kind: "alive" }), ALIVE_INTERVAL_MS).unref();
    return begun;
  }

  report(metrics: MetricsExposition, readiness: ReadinessSource): () => void {
    this.#metrics = metrics;
    send({ kind: "readiness", state: readiness.state });
    const stop = readiness.onChange((state) => send({ kind: "readiness", state }));
    return () => {
      this.#metrics = undefined;
      stop();
    };
  }

  #receive(message: ToWorker): void {
    switch (message.kind) {
      case "begin":
        this.#onBegin?.(message);
        return;
      case "signal": {
        const listeners = this.#of(message.signal);
        if (listeners.size === 0) this.#early = message.signal;
        for (const listener of [...listeners]) listener(message.signal);
        return;
      }
      case "metrics":
        void this.#answerMetrics();
        return;
    }
  }

  async #answerMetrics(): Promise<void> {
    try {
      const families = await this.#metrics?.snapshot();
      send({ kind: "metrics", families: families ?? [] });
    } catch {
      // The supervisor shows what it knew before.
    }
  }

  #of(event: ProcessEvent): Set<(detail: unknown) => void> {
    let listeners = this.#listeners.get(event);
    if (listeners === undefined) {
      listeners = new Set();
      this.#listeners.set(event, listeners);
    }
    return listeners;
  }
}

function send(message: FromWorker): void {
  // With a callback, a channel that is gone is no exception; its end is dealt with by itself.
  if (process.connected) process.send?.(message, undefined, {}, () => {});
}
