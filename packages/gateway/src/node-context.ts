import type { TokenVerifier } from "@tidegate/auth";
import type { Logger, Tracing } from "@tidegate/runtime";
import type { Arrivals } from "./admission/arrivals.ts";
import type { Gate } from "./admission/gate.ts";
import type { Greeting } from "./connection/greeting.ts";
import type { Hub } from "./fan-out/hub.ts";
import type { GatewayBroker } from "./gateway-broker.ts";
import type { Instruments } from "./instruments.ts";
import type { LifecycleEvents } from "./lifecycle/lifecycle-events.ts";
import type { GatewayLimits, PingTimes } from "./limits.ts";
import type { NamespacePolicies } from "./namespace-policies.ts";
import type { TimerWheel } from "./timer-wheel.ts";
import type { Traffic } from "./traffic.ts";
import type { Turns } from "./turns.ts";

/** What all connections of a node share. One object, so that a connection holds one reference to it. */
export interface NodeContext {
  readonly node: string;
  readonly limits: GatewayLimits;
  readonly ping: PingTimes;
  readonly policies: NamespacePolicies;
  readonly greeting: Greeting;
  readonly verifier: TokenVerifier;
  readonly broker: Pick<
    GatewayBroker,
    "publish" | "request" | "store" | "history" | "epochOf" | "maxPayload" | "state"
  >;
  readonly hub: Hub;
  /** `undefined` where connections are not announced. */
  readonly events: LifecycleEvents | undefined;
  readonly wheel: TimerWheel;
  /** Where those wait who want to be let in. */
  readonly arrivals: Pick<Arrivals, "admit" | "isOpen">;
  readonly gate: Pick<Gate, "connection" | "request" | "crowded">;
  /** For work that crowds bring and that can wait. */
  readonly turns: Pick<Turns, "enter">;
  readonly traffic: Traffic;
  readonly instruments: Instruments;
  /** `undefined` where it is off. */
  readonly tracing: Tracing | undefined;
  readonly logger: Logger;
  /** Whole ms of a clock that nobody sets, for everything that takes its time: deadlines, heartbeats, rates. */
  readonly uptime: () => number;
  /** Unix time in ms, which may be set to another at any moment. For dates alone. */
  readonly now: () => number;
  /** 0 to 1, for jitter. */
  readonly random: () => number;
}
