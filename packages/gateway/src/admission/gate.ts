import type { CounterChild } from "@tidegate/runtime";
import { ConnectRate, type ConnectRateLimits } from "./connect-rate.ts";
import type { Load, LoadLimits, LoadMonitor } from "./load-monitor.ts";

/** Whom a node lets in. Defaults and meanings stand in docs/configuration.md. */
export interface AdmissionOptions extends ConnectRateLimits, LoadLimits {
  readonly retryMs: number;
}

/** Why a newcomer is turned away: too much of a load, too many newcomers a second, or too many that wait. */
export const TURNED_AWAY_FOR = ["lag", "memory", "nats", "rate", "queue"] as const;
export type TurnedAwayFor = (typeof TURNED_AWAY_FOR)[number];

export interface TurnedAway {
  readonly why: TurnedAwayFor;
  /** For a person. */
  readonly detail: string;
  /** When to come back, in ms; different for each. */
  readonly retryAfterMs: number;
}

/** The reason of a close frame. */
export function turnedAwayReason({ detail, retryAfterMs }: TurnedAway): string {
  return `${detail}; retry=${retryAfterMs}`;
}

const DETAILS: Readonly<Record<TurnedAwayFor, string>> = {
  lag: "the node has too much to do",
  memory: "the node is short of memory",
  nats: "the node has lost NATS",
  rate: "too many connect at once",
  queue: "too many connect at once",
};

/** Waits are up to this share shorter or longer. */
const RATE_JITTER = 0.1;

/** Decides whether a newcomer may come in now. Who is in already is never asked. */
export class Gate {
  readonly #options: AdmissionOptions;
  readonly #monitor: Pick<LoadMonitor, "overload" | "isSevere">;
  readonly #rate: ConnectRate;
  readonly #uptime: () => number;
  readonly #random: () => number;
  readonly #counts: Readonly<Record<TurnedAwayFor, CounterChild>>;

  constructor(
    options: AdmissionOptions,
    monitor: Pick<LoadMonitor, "overload" | "isSevere">,
    counts: Readonly<Record<TurnedAwayFor, CounterChild>>,
    uptime: () => number,
    random: () => number,
  ) {
    this.#options = options;
    this.#monitor = monitor;
    this.#counts = counts;
    this.#uptime = uptime;
    this.#random = random;
    this.#rate = new ConnectRate(options, uptime());
  }

  /** A connection that wants to stay. */
  connection(): TurnedAway | undefined {
    return this.request() ?? this.#limited();
  }

  /** A request that is over soon, and has a rate of its own. */
  request(): TurnedAway | undefined {
    const load: Load | undefined = this.#monitor.overload;
    return load === undefined ? undefined : this.#away(load, this.#spread());
  }

  /** Before anything is done for a newcomer: whether even telling it properly would be too much. */
  upgrade(): TurnedAway | undefined {
    return this.#monitor.isSevere ? this.#away("lag", this.#spread()) : undefined;
  }

  /** There is no room for it to wait. */
  crowded(): TurnedAway {
    return this.#away("queue", this.#spread());
  }

  #limited(): TurnedAway | undefined {
    const wait = this.#rate.take(this.#uptime());
    return wait === undefined
      ? undefined
      : this.#away("rate", wait * (1 - RATE_JITTER + 2 * RATE_JITTER * this.#random()));
  }

  /** From half of what is configured to one and a half: who is turned away together comes back apart. */
  #spread(): number {
    return this.#options.retryMs * (0.5 + this.#random());
  }

  #away(why: TurnedAwayFor, waitMs: number): TurnedAway {
    this.#counts[why].inc();
    return { why, detail: DETAILS[why], retryAfterMs: Math.ceil(waitMs) };
  }
}
