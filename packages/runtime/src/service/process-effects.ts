export type TerminationSignal = "SIGTERM" | "SIGINT";
export type ProcessEvent = TerminationSignal | "uncaughtException" | "unhandledRejection";

/** What the lifecycle of a service does to its process; replaced in tests. */
export interface ProcessEffects {
  /** `detail` is the error or the reason of a rejection; for signals it does not matter. */
  on(event: ProcessEvent, listener: (detail: unknown) => void): void;
  off(event: ProcessEvent, listener: (detail: unknown) => void): void;
  exit(code: number): void;
}

/** The real process. */
export const processEffects: ProcessEffects = Object.freeze({
  on: (event: ProcessEvent, listener: (detail: unknown) => void) => {
    process.on(event, listener);
  },
  off: (event: ProcessEvent, listener: (detail: unknown) => void) => {
    process.off(event, listener);
  },
  exit: (code: number) => {
    process.exit(code);
  },
});
