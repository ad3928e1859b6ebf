import { addCounts, addTallies, isSound, quantileOfCounts, type Tally } from "./accounting/tally.ts";
import type { ScenarioName } from "./chaos-arguments.ts";
import type { ScenarioResult } from "./run-chaos.ts";
import type { Round } from "./scenarios/round.ts";

/** All rounds of one variant of a scenario. */
export interface Summary {
  readonly scenario: ScenarioName;
  readonly variant: string;
  readonly rounds: number;
  /** Of one round. */
  readonly clients: number;
  /** Everybody's accounts together; `clients` counts each once per round. */
  readonly tally: Tally;
  /** Messages that the streams hold of these rounds. */
  readonly stored: number;
  /** Messages that were acknowledged and that the streams do not hold. */
  readonly storeLost: number;
  readonly resumes: Readonly<Record<string, number>>;
  readonly apiRequests: Readonly<Record<string, number>>;
  /** Of the clients behind a broken link: from publish to receipt, by millisecond. Empty elsewhere. */
  readonly behindBreakMs: Readonly<Record<string, number>>;
  /** The same, from the moment at which the link worked again; 0 for what came before that. */
  readonly sinceRestoreMs: Readonly<Record<string, number>>;
  /** JetStream reads of messages by channel and node in the worst round; NaN where they are not counted. */
  readonly readsPerChannelAndNode: number;
  /** The same of what many channels of a node share: how far the stream and its channels have come. */
  readonly inquiriesPerChannelAndNode: number;
}

export function summarize(results: readonly ScenarioResult[]): readonly Summary[] {
  return results.flatMap(({ scenario, rounds }) => {
    const variants = [...new Set(rounds.map(({ variant }) => variant))];
    return variants.map((variant) =>
      summarizeVariant(
        scenario,
        variant,
        rounds.filter((round) => round.variant === variant),
      ),
    );
  });
}

function summarizeVariant(scenario: ScenarioName, variant: string, rounds: readonly Round[]): Summary {
  const tally = addTallies(rounds.flatMap(({ tallies }) => tallies.map((one) => one.tally)));
  return {
    scenario,
    variant,
    rounds: rounds.length,
    clients: tally.clients / rounds.length,
    tally,
    stored: rounds.reduce((sum, { stored }) => sum + stored, 0),
    storeLost: rounds.reduce((sum, { storeLost }) => sum + storeLost, 0),
    resumes: addCounts(rounds.map(({ resumes }) => resumes)),
    apiRequests: addCounts(rounds.map(({ apiRequests }) => apiRequests)),
    behindBreakMs: addCounts(rounds.map((round) => delaysBehindBreak(round, 0))),
    sinceRestoreMs: addCounts(
      rounds.map((round) => delaysBehindBreak(round, round.measured["publishToRestoreMs"] ?? 0)),
    ),
    readsPerChannelAndNode: worstPerChannelAndNode(rounds, "reads"),
    inquiriesPerChannelAndNode: worstPerChannelAndNode(rounds, "inquiries"),
  };
}

function worstPerChannelAndNode(rounds: readonly Round[], kind: "reads" | "inquiries"): number {
  const shares = rounds.flatMap(({ measured }) => {
    const { [kind]: count, channelsTimesNodes } = measured;
    return count === undefined || channelsTimesNodes === undefined ? [] : [count / channelsTimesNodes];
  });
  return shares.length === 0 ? Number.NaN : Math.max(...shares);
}

function delaysBehindBreak({ tallies, measured }: Round, from: number): Readonly<Record<string, number>> {
  const victim = measured["victim"];
  const delays = tallies.filter(({ node }) => node === victim).map(({ tally }) => tally.delayMs);
  const shifted: Record<string, number> = {};
  for (const [milliseconds, count] of Object.entries(addCounts(delays))) {
    const key = Math.max(0, Number(milliseconds) - from);
    shifted[key] = (shifted[key] ?? 0) + count;
  }
  return shifted;
}

/** Whether all rounds kept the promise. */
export function isAllSound(summaries: readonly Summary[]): boolean {
  return summaries.every(({ tally, storeLost }) => isSound(tally) && storeLost === 0);
}

/** Longest of delays that are counted by millisecond. */
export function longest(delaysMs: Readonly<Record<string, number>>): number {
  return quantileOfCounts(delaysMs, 1);
}
