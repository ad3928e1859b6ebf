import { BrokerError } from "./broker-error.ts";
import { deferred } from "./deferred.ts";
import type { Faults } from "./faults.ts";

/** A subscription in the hands of its owner. */
export interface Subscription {
  /**
   * Resolves when the local server has the subscription in force. Rejects with a BrokerError, after which the
   * subscription is over: `unavailable` without a connection, `denied` by permissions, `closed`. It may be left unhandled.
   */
  readonly ready: Promise<void>;
  /** Ends it. Idempotent; no listener is called afterwards. */
  close(): void;
}

/** One to a live channel, which may be in force already for others. */
export interface LiveSubscription extends Subscription {
  /** Whether {@link ready} has resolved and the subscription is not over: then nobody need wait for it. */
  readonly isReady: boolean;
}

type RegistrationState =
  | { readonly kind: "pending"; readonly resolve: () => void; readonly reject: (error: BrokerError) => void }
  | { readonly kind: "confirmed" }
  | { readonly kind: "ended" };

const ENDED = { kind: "ended" } as const;
const CONFIRMED = { kind: "confirmed" } as const;

/**
 * The life of one subscriber: pending, then confirmed, then ended. Its owner hears about an end it did not
 * cause exactly once: as the rejection of `ready` while pending, through `onClosed` later.
 */
export class Registration {
  readonly ready: Promise<void>;
  readonly #onClosed: (error: BrokerError) => void;
  readonly #faults: Faults;
  #state: RegistrationState;

  constructor(onClosed: (error: BrokerError) => void, faults: Faults) {
    const ready = deferred<void>();
    this.ready = ready.promise;
    this.ready.catch(() => {
      // Owners need not wait for it, and an unhandled rejection would end the process.
    });
    this.#state = { kind: "pending", resolve: ready.resolve, reject: ready.reject };
    this.#onClosed = onClosed;
    this.#faults = faults;
  }

  get open(): boolean {
    return this.#state.kind !== "ended";
  }

  get confirmed(): boolean {
    return this.#state.kind === "confirmed";
  }

  confirm(): void {
    if (this.#state.kind !== "pending") return;
    this.#state.resolve();
    this.#state = CONFIRMED;
  }

  /** Ends it for a reason that is not the owner's. */
  fail(error: BrokerError): void {
    const before = this.#state;
    this.#state = ENDED;
    if (before.kind === "pending") before.reject(error);
    else if (before.kind === "confirmed") this.#faults.run("onClosed", () => this.#onClosed(error));
  }

  /** Ends it for the owner. @returns false when it was over already. */
  close(): boolean {
    const before = this.#state;
    this.#state = ENDED;
    if (before.kind === "pending") before.reject(new BrokerError("closed", "closed before it was confirmed"));
    return before.kind !== "ended";
  }
}
