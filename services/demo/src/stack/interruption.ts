import { constants } from "node:os";

/**
 * One Ctrl-C under npm arrives twice, from the terminal and from npm, which passes on what it gets. Only what comes
 * later than this is a second wish.
 */
const ECHO_MS = 400;

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** What this needs of `process`; an emitter in a test. */
export interface SignalSource {
  on(signal: NodeJS.Signals, listener: () => void): unknown;
}

export interface Interruption {
  /** Asks to stop, as a first signal does. */
  readonly request: () => void;
  /** Aborts with the first signal or request. */
  readonly signal: AbortSignal;
  /** The same as a promise; never rejects. */
  readonly requested: Promise<void>;
}

/**
 * The wish to stop, and with a second signal the wish to stop now: then `onForce` is called, once, with the exit
 * code that shells know that signal by.
 */
export function listenForInterruption(
  onForce: (exitCode: number) => void,
  source: SignalSource = process,
  now: () => number = () => performance.now(),
): Interruption {
  const controller = new AbortController();
  const requested = new Promise<void>((resolve) => {
    controller.signal.addEventListener("abort", () => resolve(), { once: true });
  });
  let first: number | undefined;
  let forced = false;
  for (const signal of SIGNALS) {
    source.on(signal, () => {
      if (first === undefined) {
        first = now();
        controller.abort();
      } else if (!forced && now() - first > ECHO_MS) {
        forced = true;
        onForce(128 + constants.signals[signal]);
      }
    });
  }
  return { request: () => controller.abort(), signal: controller.signal, requested };
}
