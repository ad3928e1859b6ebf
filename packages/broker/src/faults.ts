import { BrokerError } from "./broker-error.ts";

/**
 * Where errors go that no caller is waiting for. nats.js stops reading from its socket for good when a callback
 * throws, so every callback handed to it ends in a `try` whose `catch` is here; for the same reason nothing here throws.
 */
export class Faults {
  readonly #onError: (error: BrokerError) => void;
  #callbackErrors = 0;

  constructor(onError: (error: BrokerError) => void) {
    this.#onError = onError;
  }

  /** Listeners and handlers of the caller that threw, since start. */
  get callbackErrors(): number {
    return this.#callbackErrors;
  }

  /** Counts and reports an exception out of the caller's code. `where` names the callback, never data. */
  callbackFailed(where: string, cause: unknown): void {
    this.#callbackErrors += 1;
    this.report(new BrokerError("callback_failed", `${where} threw`, { cause }));
  }

  report(error: BrokerError): void {
    try {
      this.#onError(error);
    } catch {
      // The last resort failed: counting it is all that is left.
      this.#callbackErrors += 1;
    }
  }

  /** Calls `listener`, turning an exception into a report. */
  run(where: string, listener: () => void): void {
    try {
      listener();
    } catch (cause) {
      this.callbackFailed(where, cause);
    }
  }
}
