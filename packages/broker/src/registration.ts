import { BrokerError } from "./broker-error.ts";
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
  /**
   * Calls `listener` when {@link ready} settles, with the error if it is rejected, and before anybody who waits for the promise;
   * at once if it has settled. Without a promise made for it: there may be a channel for every connection.
   */
  onSettled(listener: SettledListener): void;
}

type SettledListener = (error: BrokerError | undefined) => void;

/**
 * - `pending`: not in force yet.
 * - `confirmed`: in force.
 * - `ended`: over. `refusal` says why it never was in force, if it was not.
 */
type RegistrationState =
  | { readonly kind: "pending" }
  | { readonly kind: "confirmed" }
  | { readonly kind: "ended"; readonly refusal: BrokerError | undefined };

const PENDING: RegistrationState = { kind: "pending" };
const CONFIRMED: RegistrationState = { kind: "confirmed" };
const ENDED: RegistrationState = { kind: "ended", refusal: undefined };

/**
 * The life of one subscriber: pending, then confirmed, then ended. Its owner hears about an end it did not
 * cause exactly once: as the rejection of `ready` while pending, through `onClosed` later.
 */
export class Registration {
  readonly #onClosed: (error: BrokerError) => void;
  readonly #faults: Faults;
  #state: RegistrationState = PENDING;
  #listeners: SettledListener[] | undefined;
  #ready: Promise<void> | undefined;

  constructor(onClosed: (error: BrokerError) => void, faults: Faults) {
    this.#onClosed = onClosed;
    this.#faults = faults;
  }

  get open(): boolean {
    return this.#state.kind !== "ended";
  }

  get confirmed(): boolean {
    return this.#state.kind === "confirmed";
  }

  /** See {@link Subscription.ready}. */
  get ready(): Promise<void> {
    if (this.#ready === undefined) {
      const ready = Promise.withResolvers<void>();
      ready.promise.catch(() => {
        // Owners need not wait for it, and an unhandled rejection would end the process.
      });
      this.onSettled((error) => (error === undefined ? ready.resolve() : ready.reject(error)));
      this.#ready = ready.promise;
    }
    return this.#ready;
  }

  /** See {@link LiveSubscription.onSettled}. */
  onSettled(listener: SettledListener): void {
    const state = this.#state;
    if (state.kind === "pending") {
      this.#listeners ??= [];
      this.#listeners.push(listener);
    } else {
      this.#tell(listener, state.kind === "ended" ? state.refusal : undefined);
    }
  }

  confirm(): void {
    if (this.#state.kind !== "pending") return;
    this.#state = CONFIRMED;
    this.#settle(undefined);
  }

  /** Ends it for a reason that is not the owner's. */
  fail(error: BrokerError): void {
    const before = this.#end(error);
    if (before === "confirmed") this.#faults.run("onClosed", () => this.#onClosed(error));
  }

  /** Ends it for the owner. @returns false when it was over already. */
  close(): boolean {
    return this.#end(undefined) !== "ended";
  }

  /** @param refusal `undefined`: its owner does not want it any more. */
  #end(refusal: BrokerError | undefined): RegistrationState["kind"] {
    const before = this.#state.kind;
    if (before === "confirmed") {
      this.#state = ENDED;
    } else if (before === "pending") {
      const error = refusal ?? new BrokerError("closed", "closed before it was confirmed");
      this.#state = { kind: "ended", refusal: error };
      this.#settle(error);
    }
    return before;
  }

  #settle(error: BrokerError | undefined): void {
    const listeners = this.#listeners;
    this.#listeners = undefined;
    for (const listener of listeners ?? []) this.#tell(listener, error);
  }

  #tell(listener: SettledListener, error: BrokerError | undefined): void {
    this.#faults.run("a listener for a subscription", () => listener(error));
  }
}
