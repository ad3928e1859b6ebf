import { isPattern } from "@tidegate/protocol";
import type { NamespacePolicies } from "../namespace-policies.ts";
import type { LifecycleEvents } from "./lifecycle-events.ts";

export interface OccupancyOptions {
  readonly events: Pick<LifecycleEvents, "channelOccupied" | "channelVacated">;
  readonly policies: Pick<NamespacePolicies, "announces">;
  /** In ms, monotonic. */
  readonly uptime: () => number;
}

/** Who reconnects, or polls, is back before that: a channel that is empty for less has not been left. */
export const VACANT_AFTER_MS = 5_000;
const SWEEP_MS = 1_000;

/** Announces the channels of this node that get their first subscriber, and those that have been without one for a while. */
export class Occupancy {
  readonly #options: OccupancyOptions;
  readonly #occupied = new Set<string>();
  /** Since when, oldest first. They still count as occupied. */
  readonly #empty = new Map<string, number>();
  readonly #sweeping: NodeJS.Timeout;

  constructor(options: OccupancyOptions) {
    this.#options = options;
    this.#sweeping = setInterval(() => this.sweep(), SWEEP_MS).unref();
  }

  /** The first subscriber has come. Of patterns nothing is announced: they name no channel. */
  entered(name: string): void {
    const { events, policies } = this.#options;
    if (isPattern(name) || !policies.announces(name)) {
      return;
    }
    if (!this.#empty.delete(name)) {
      events.channelOccupied(name);
    }
    this.#occupied.add(name);
  }

  /** The last one has gone. */
  left(name: string): void {
    if (this.#occupied.delete(name)) {
      this.#empty.set(name, this.#options.uptime());
    }
  }

  /** @internal Called by a timer. */
  sweep(): void {
    const due = this.#options.uptime() - VACANT_AFTER_MS;
    for (const [name, since] of this.#empty) {
      if (since > due) {
        return;
      }
      this.#empty.delete(name);
      this.#options.events.channelVacated(name);
    }
  }

  /** The node leaves: nobody is left here. Idempotent. */
  stop(): void {
    clearInterval(this.#sweeping);
    const names = [...this.#empty.keys(), ...this.#occupied];
    this.#empty.clear();
    this.#occupied.clear();
    for (const name of names) {
      this.#options.events.channelVacated(name);
    }
  }
}
