import type { Context, TransportContext } from "./context.ts";
import type { Target } from "./target.ts";

/** Something that PROTOCOL.md promises, as a client can see it. */
export type Scenario = TransportScenario | SingleScenario;

/** The same on every transport; where one does something else on purpose, the scenario says so by `differs`. */
export interface TransportScenario {
  readonly kind: "every transport";
  readonly name: string;
  /** What the deployment has to be told or to have, or `undefined` if this can run. */
  readonly needs?: (target: Target) => string | undefined;
  readonly run: (context: TransportContext) => Promise<void>;
}

/** About one transport, or about HTTP requests. */
export interface SingleScenario {
  readonly kind: "once";
  /** What it is about, for the report. */
  readonly over: string;
  readonly name: string;
  readonly needs?: (target: Target) => string | undefined;
  readonly run: (context: Context) => Promise<void>;
}

export function onEveryTransport(
  name: string,
  run: TransportScenario["run"],
  needs?: Scenario["needs"],
): TransportScenario {
  return { kind: "every transport", name, run, ...(needs === undefined ? {} : { needs }) };
}

export function once(
  over: string,
  name: string,
  run: SingleScenario["run"],
  needs?: Scenario["needs"],
): SingleScenario {
  return { kind: "once", over, name, run, ...(needs === undefined ? {} : { needs }) };
}
