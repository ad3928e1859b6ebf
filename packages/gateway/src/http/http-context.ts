import type { NodeContext } from "../node-context.ts";
import type { OriginPolicy } from "../origin-policy.ts";
import type { Roster } from "../roster.ts";
import type { HttpInstruments } from "./http-instruments.ts";
import type { RequestRates } from "./request-rates.ts";

/** How a node serves HTTP. Defaults and meanings stand in docs/configuration.md. */
export interface HttpOptions {
  readonly requestsPerSecond: number;
  readonly requestBurst: number;
  readonly reconnectMs: number;
}

/** What all requests over HTTP share. */
export interface HttpContext {
  readonly node: NodeContext;
  readonly options: HttpOptions;
  readonly origins: OriginPolicy;
  /** Cookie that may carry the token; `undefined`: none. */
  readonly cookieName: string | undefined;
  readonly roster: Roster;
  readonly rates: RequestRates;
  readonly instruments: HttpInstruments;
  /** A new connection id, unique among all nodes and boots. */
  readonly newId: () => string;
}
