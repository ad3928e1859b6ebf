import type { TallyOf } from "../clients/orders.ts";
import type { ApiRequests } from "../stack/api-traffic.ts";
import type { PublishReport } from "../steady-publisher.ts";

/** What one round gave. */
export interface Round {
  /** What was broken: rounds of the same variant add up. */
  readonly variant: string;
  readonly tallies: readonly TallyOf[];
  readonly publish: PublishReport;
  /** Messages that the streams hold of this round. */
  readonly stored: number;
  /** Messages that the streams acknowledged and do not hold. */
  readonly storeLost: number;
  /** Subscriptions that asked for earlier messages, by where the nodes found them. */
  readonly resumes: Readonly<Record<string, number>>;
  /** Asked of JetStream by everybody while the round went on. */
  readonly apiRequests: ApiRequests;
  /** What only this scenario measures. */
  readonly measured: Readonly<Record<string, number>>;
}
