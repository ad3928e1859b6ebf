import type { Moment } from "../chaos/accounting/timeline.ts";
import type { TallyOf } from "../chaos/clients/orders.ts";
import type { ActResult } from "./act-result.ts";

/** What a record keeps of an act. */
export interface ActSummary extends Omit<ActResult, "moments" | "tallies"> {
  readonly tallies: readonly (Omit<TallyOf, "tally"> & {
    readonly tally: Omit<TallyOf["tally"], "awayMs" | "delayMs" | "resumeMs">;
  })[];
  readonly moments: readonly Pick<Moment, "lost" | "returned" | "second">[];
}

/** Without the counts of single waits, which are many, and in its charts and verdicts already. */
export function summaryOf({ tallies, moments, ...rest }: ActResult): ActSummary {
  return {
    ...rest,
    tallies: tallies.map(({ tally: { awayMs: _, delayMs: __, resumeMs: ___, ...tally }, ...of }) => ({
      ...of,
      tally,
    })),
    moments: moments.map(({ second, lost, returned }) => ({ second, lost, returned })),
  };
}
