import { EMPTY_TALLY, type Tally } from "../chaos/accounting/tally.ts";
import type { ActResult } from "./act-result.ts";

/** An act of twelve seconds, from second 100 on: disturbed from the fifth to the eighth. */
export function actResult(changes: Partial<ActResult> = {}, tally: Partial<Tally> = {}): ActResult {
  return {
    act: "node-loss",
    times: { beganMicros: 100e6, brokeMicros: 104.5e6, healedMicros: 107.2e6, endedMicros: 111.9e6 },
    departures: [],
    measured: {},
    tallies: [{ transport: "sse", node: 0, tally: { ...EMPTY_TALLY, clients: 10, expected: 50, ...tally } }],
    publish: { published: 5, acknowledged: 5, retried: 0, unconfirmed: 0 },
    stored: 5,
    storeLost: 0,
    moments: [],
    ...changes,
  };
}
