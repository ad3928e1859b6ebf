import type { ChaosOptions, ScenarioSize } from "../chaos-arguments.ts";

/** What a scenario gets. */
export interface ScenarioContext {
  readonly options: ChaosOptions;
  readonly size: ScenarioSize;
  /** Ends it early. */
  readonly signal: AbortSignal;
  readonly onProgress: (what: string) => void;
}
