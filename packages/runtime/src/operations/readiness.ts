/** A condition that is not met, and why. */
export interface FailingCondition<Name extends string = string> {
  readonly condition: Name;
  readonly reason: string;
}

/**
 * Whether traffic should come here.
 *
 * - `ready`: every condition is met.
 * - `not_ready`: at least one is not; also the state at the beginning.
 * - `draining`: the service is leaving; conditions no longer matter and nothing leads back.
 */
export type ReadinessState<Name extends string = string> =
  | { readonly kind: "ready" }
  | { readonly kind: "not_ready"; readonly failing: readonly FailingCondition<Name>[] }
  | { readonly kind: "draining" };

/** What `/readyz` can be told. `degraded`: ready, but not with all of its parts. */
export type ReportedReadiness =
  | ReadinessState
  | { readonly kind: "degraded"; readonly failing: readonly FailingCondition[] };

/** A readiness as those see it who only pass it on. */
export interface ReadinessSource {
  readonly state: ReadinessState;
  /** See {@link Readiness.onChange}. */
  onChange(listener: (state: ReadinessState) => void): () => void;
}

/** What the owner of a condition reports through. Neither method ever throws. */
export interface ReadinessCondition {
  pass(): void;
  /** The reason is for people; it appears on `/readyz` and must not hold secrets. */
  fail(reason: string): void;
}

const NOT_REPORTED = "not reported yet";

/** The readiness of a service: a closed set of named conditions, each reported by whoever knows. */
export class Readiness<const Name extends string = string> {
  readonly #reasons = new Map<Name, string | undefined>();
  readonly #listeners = new Set<(state: ReadinessState<Name>) => void>();
  #state: ReadinessState<Name>;

  /** @throws TypeError without a condition: a service that is ready whatever happens has none to wait for. */
  constructor(conditions: readonly Name[]) {
    if (conditions.length === 0) throw new TypeError("conditions: at least one is needed");
    for (const condition of conditions) this.#reasons.set(condition, NOT_REPORTED);
    this.#state = { kind: "not_ready", failing: this.#failing() };
  }

  get state(): ReadinessState<Name> {
    return this.#state;
  }

  /** The handle to report one condition through. */
  condition(name: Name): ReadinessCondition {
    if (!this.#reasons.has(name))
      throw new TypeError(`condition: ${JSON.stringify(name)} is not one of this readiness`);
    return Object.freeze({
      pass: () => this.#report(name, undefined),
      fail: (reason: string) => this.#report(name, reason),
    });
  }

  /** Leaves for good. Idempotent. */
  drain(): void {
    this.#change({ kind: "draining" });
  }

  /**
   * Calls `listener` at every change of state, a changed reason included, until the returned function is called. An
   * exception of a listener reaches neither the reporter nor the other listeners; it becomes an uncaught one.
   */
  onChange(listener: (state: ReadinessState<Name>) => void): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  #report(name: Name, reason: string | undefined): void {
    if (this.#reasons.get(name) === reason) return;
    this.#reasons.set(name, reason);
    const failing = this.#failing();
    this.#change(failing.length === 0 ? { kind: "ready" } : { kind: "not_ready", failing });
  }

  /** The only place where the state changes. */
  #change(next: ReadinessState<Name>): void {
    if (this.#state.kind === "draining") return;
    this.#state = Object.freeze(next);
    for (const listener of [...this.#listeners]) {
      try {
        listener(next);
      } catch (error) {
        // Reports come from inside broker callbacks, where an exception would end the broker's reader.
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }

  #failing(): readonly FailingCondition<Name>[] {
    const failing: FailingCondition<Name>[] = [];
    for (const [condition, reason] of this.#reasons) {
      if (reason !== undefined) failing.push({ condition, reason });
    }
    return failing;
  }
}
