import { setTimeout as delay } from "node:timers/promises";
import { publishPaced } from "../swarm/publisher.ts";
import { nowMicros } from "../swarm/stamp.ts";
import type { ClientFleetReport } from "./client-fleet.ts";
import { SUBJECT_PREFIX } from "./gateway-fleet.ts";
import type { SoakOptions } from "./soak-arguments.ts";
import type { SoakKill, SoakPhase, SoakResult, SoakSample } from "./soak-result.ts";
import { type CpuTimes, channelOf, SoakStack } from "./soak-stack.ts";

const PAYLOAD_BYTES = 128;
const REST_MS = 5_000;
const POLL_MS = 250;
/** Samples of a phase, and progress lines. */
const SAMPLES = 120;
const PROGRESS_MS = 30_000;
const SHOWN_COMPLAINTS = 10;
/** When nothing more has come for so long, nothing will. */
const QUIET_MS = 60_000;
/** Messages before the kill, and the least behind it. */
const BEFORE_KILL_MS = 5_000;
const KILL_PHASE_SECONDS = 30;

/**
 * Opens all connections, warms up, and measures; then kills half of the processes and waits until all is well again.
 *
 * @throws LoadTestError; TestkitError; the reason of the signal.
 */
export async function runSoak(
  options: SoakOptions,
  signal: AbortSignal,
  onProgress: (what: string) => void,
): Promise<SoakResult> {
  const stack = await SoakStack.start(options, signal, onProgress);
  try {
    return await new Soak(stack, options, signal, onProgress).run();
  } finally {
    for (const line of stack.gateways.complaints(SHOWN_COMPLAINTS)) {
      onProgress(`the gateway said: ${line}`);
    }
    await stack.stop();
  }
}

class Soak {
  readonly #stack: SoakStack;
  readonly #options: SoakOptions;
  readonly #signal: AbortSignal;
  readonly #onProgress: (what: string) => void;
  /** The next message of each channel. */
  #nextNumber = 0;

  constructor(
    stack: SoakStack,
    options: SoakOptions,
    signal: AbortSignal,
    onProgress: (what: string) => void,
  ) {
    this.#stack = stack;
    this.#options = options;
    this.#signal = signal;
    this.#onProgress = onProgress;
  }

  async run(): Promise<SoakResult> {
    const { connections, ramp, warmUpSeconds, warmUpEverySeconds, everySeconds, minutes, kill } =
      this.#options;
    const { gateways, clients } = this.#stack;
    const emptyBytes = (await gateways.usage()).residentBytes;
    this.#onProgress(`opening ${connections} connections, ${ramp} a second`);
    const openedAt = performance.now();
    await this.#orAborted(clients.open(ramp));
    const openedSeconds = (performance.now() - openedAt) / 1000;
    this.#onProgress(`all open after ${openedSeconds.toFixed(0)} s; warming up for ${warmUpSeconds} s`);
    await this.#publish(warmUpSeconds, warmUpEverySeconds, async () => {});
    await delay(REST_MS, undefined, { signal: this.#signal });
    const fullBytes = (await gateways.usage()).residentBytes;

    this.#onProgress(`soaking for ${minutes} minutes`);
    const samples: SoakSample[] = [];
    const soak = await this.#publish(minutes * 60, everySeconds, (startedAt, phase) =>
      this.#sample(startedAt, minutes * 60, samples, phase),
    );
    const after = await clients.report();
    return {
      ...{ openedSeconds, emptyBytes, fullBytes, connections: after.connections, soak, samples },
      kill: kill ? await this.#kill() : undefined,
    };
  }

  async #kill(): Promise<SoakKill> {
    const { clients, gateways } = this.#stack;
    const { everySeconds, processes, connections } = this.#options;
    let killed = 0;
    let killedAtMicros = 0;
    const samples: Pick<SoakSample, "seconds" | "connections">[] = [];
    const seconds = Math.max(KILL_PHASE_SECONDS, 3 * everySeconds);
    const phase = await this.#publish(seconds, everySeconds, async () => {
      await delay(BEFORE_KILL_MS, undefined, { signal: this.#signal });
      killedAtMicros = nowMicros();
      killed = await this.#stack.killHalf();
      this.#onProgress(`killed ${killed} of ${processes} gateway processes`);
      // Sockets of the dead end within milliseconds, and their clients wait longer before they come back.
      await this.#until(({ connections: open }) => open < connections);
      await this.#until(({ connections: open }) => {
        samples.push({ seconds: (nowMicros() - killedAtMicros) / 1e6, connections: open });
        return open === connections;
      });
    });
    const { readyAtMicros, connections: open } = await clients.report();
    await gateways.whole();
    const backSeconds = open === connections ? (readyAtMicros - killedAtMicros) / 1e6 : Number.NaN;
    this.#onProgress(`all were back after ${backSeconds.toFixed(1)} s`);
    return { killed, processes, ended: phase.ended, samples, backSeconds, phase };
  }

  /**
   * Publishes to all channels at their pace while something else is done, and waits until everything has come, or
   * nothing more does.
   */
  async #publish(
    seconds: number,
    everySeconds: number,
    meanwhile: (startedAt: number, signal: AbortSignal) => Promise<void>,
  ): Promise<SoakPhase> {
    const { channels, connections } = this.#options;
    const { clients, backend } = this.#stack;
    const rounds = Math.max(1, Math.round(seconds / everySeconds));
    const first = this.#nextNumber;
    this.#nextNumber += rounds;
    const closedBefore = (await clients.report()).closed;
    await clients.begin(first);
    const before = await this.#stack.times();
    const startedAt = performance.now();
    const plan = {
      count: rounds * channels,
      perSecond: channels / everySeconds,
      payloadBytes: PAYLOAD_BYTES,
      subjectOf: (message: number) => `${SUBJECT_PREFIX}.${channelOf(message % channels)}`,
      sequenceOf: (message: number) => first + Math.floor(message / channels),
    };
    const published = new AbortController();
    const stop = AbortSignal.any([this.#signal, published.signal]);
    await Promise.all([
      publishPaced(backend, plan, this.#signal).finally(() => published.abort()),
      meanwhile(startedAt, stop),
    ]);
    const expected = rounds * connections;
    const report = await this.#until(({ received }) => received >= expected);
    const spent = (performance.now() - startedAt) / 1000;
    if (report.closed > closedBefore) {
      this.#onProgress(`connections ended: ${report.closed - closedBefore}, the first: ${report.reason}`);
    }
    return {
      ...{ seconds: spent, expected, received: report.received, skipped: report.skipped },
      ...{ repeated: report.repeated, resets: report.resets, ended: report.closed - closedBefore },
      ...{ p50Ms: report.p50Micros / 1000, p99Ms: report.p99Micros / 1000 },
      ...shares(before, await this.#stack.times(), spent),
    };
  }

  async #sample(
    startedAt: number,
    seconds: number,
    samples: SoakSample[],
    phase: AbortSignal,
  ): Promise<void> {
    const { gateways, clients } = this.#stack;
    let toldAt = startedAt;
    while (!phase.aborted) {
      const { residentBytes } = await gateways.usage();
      const { connections, received, closed } = await clients.report();
      const at = performance.now();
      samples.push({ seconds: (at - startedAt) / 1000, connections, residentBytes });
      if (at - toldAt >= PROGRESS_MS) {
        toldAt = at;
        const memory = (residentBytes / 2 ** 20).toFixed(0);
        this.#onProgress(`${connections} open, ${closed} ended, ${received} messages, ${memory} MiB`);
      }
      // Ends with the phase; an end of the whole run is seen by whoever publishes.
      await delay((seconds * 1000) / SAMPLES, undefined, { signal: phase }).catch(() => {});
    }
  }

  /** Waits until the clients say so, or until nothing has come or come back for long. Returns the last report. */
  async #until(isDone: (report: ClientFleetReport) => boolean): Promise<ClientFleetReport> {
    const { clients } = this.#stack;
    let report = await clients.report();
    let movedAt = performance.now();
    while (!isDone(report) && performance.now() - movedAt < QUIET_MS) {
      await delay(POLL_MS, undefined, { signal: this.#signal });
      const next = await clients.report();
      if (next.received !== report.received || next.connections !== report.connections) {
        movedAt = performance.now();
      }
      report = next;
    }
    return report;
  }

  async #orAborted(work: Promise<void>): Promise<void> {
    const aborted = Promise.withResolvers<never>();
    const onAbort = (): void => aborted.reject(this.#signal.reason);
    this.#signal.addEventListener("abort", onAbort, { once: true });
    await Promise.race([work, aborted.promise]).finally(() =>
      this.#signal.removeEventListener("abort", onAbort),
    );
  }
}

function shares(before: CpuTimes, after: CpuTimes, seconds: number) {
  const used = (who: keyof CpuTimes): number => (after[who] - before[who]) / seconds;
  const [gatewayCores, clientCores, natsCores] = [used("gateway"), used("clients"), used("nats")];
  const otherCores = Math.max(0, used("machine") - gatewayCores - clientCores - natsCores);
  return { gatewayCores, clientCores, natsCores, otherCores };
}
