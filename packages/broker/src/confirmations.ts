import type { Link } from "./link.ts";

/** Callers of one tick, waiting for the same answer. */
type Round = PromiseWithResolvers<void>;

/**
 * Round trips to the local server. The server answers a connection in order, so when a round is over it has
 * handled everything written before: SUBs are in force, and what it denied has been reported.
 *
 * All callers within one turn of the event loop share one PING. A lost connection fails them at once; nats.js
 * would only do so when it dials again.
 */
export class Confirmations {
  readonly #link: Link;
  readonly #underway = new Set<Round>();
  #gathering: Round | undefined;

  constructor(link: Link) {
    this.#link = link;
    link.onState((state) => {
      if (state !== "connected") this.#failAll();
    });
  }

  /** Resolves when the server has handled all that was written before this call; rejects with a BrokerError. */
  confirm(): Promise<void> {
    if (this.#link.state !== "connected") return Promise.reject(this.#link.refusal());
    if (this.#gathering === undefined) {
      const round = Promise.withResolvers<void>();
      this.#gathering = round;
      this.#underway.add(round);
      setImmediate(() => this.#send(round));
    }
    return this.#gathering.promise;
  }

  #send(round: Round): void {
    if (this.#gathering === round) this.#gathering = undefined;
    if (!this.#underway.has(round)) return;
    this.#link.nats.flush().then(
      () => {
        if (this.#underway.delete(round)) round.resolve();
      },
      () => {
        if (this.#underway.delete(round)) round.reject(this.#link.refusal());
      },
    );
  }

  #failAll(): void {
    this.#gathering = undefined;
    const error = this.#link.refusal();
    for (const round of this.#underway) round.reject(error);
    this.#underway.clear();
  }
}
