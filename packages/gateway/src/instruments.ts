import { VERIFICATION_FAILURES, type VerificationFailure } from "@tidegate/auth";
import {
  CLOSE_CODES,
  type CloseName,
  ERROR_CODES,
  type ErrorCode,
  RESET_REASONS,
  type ResetReason,
} from "@tidegate/protocol";
import type { CounterChild, HistogramChild } from "@tidegate/runtime";
import { TURNED_AWAY_FOR, type TurnedAwayFor } from "./admission/gate.ts";
import type { GatewayMetrics } from "./metrics.ts";

/** How a connection ended: by us with a code of the table, by the client, by the network, or by a broken frame. */
const CLOSE_CAUSES = ["client", "abnormal", "protocol_violation"] as const;
export type CloseCause = CloseName | (typeof CLOSE_CAUSES)[number];

const PUBLISH_RESULTS = [
  "ok",
  "refused",
  "broker_unavailable",
  "history_unavailable",
  "unconfirmed",
] as const;
type PublishResult = (typeof PUBLISH_RESULTS)[number];

const REQUEST_RESULTS = [
  "reply",
  "service_error",
  "no_responders",
  "timeout",
  "unavailable",
  "too_large",
  "aborted",
  "denied",
] as const;
type RequestResult = (typeof REQUEST_RESULTS)[number];

const RESUME_RESULTS = ["ring", "stream", "none", "reset", "failed"] as const;
type ResumeResult = (typeof RESUME_RESULTS)[number];

const CATCH_UP_RESULTS = ["ring", "stream", "reset"] as const;
type CatchUpResult = (typeof CATCH_UP_RESULTS)[number];

const HISTORY_RESULTS = ["page", "refused", "failed"] as const;
type HistoryResult = (typeof HISTORY_RESULTS)[number];

type AuthenticationResult = VerificationFailure | "ok" | "anonymous" | "subject_changed";

type Children<Name extends string> = Readonly<Record<Name, CounterChild>>;

/** The series that the paths of a connection count in, resolved once so that counting is an addition. */
export interface Instruments {
  readonly opened: CounterChild;
  readonly closes: Children<CloseCause>;
  readonly errors: Children<ErrorCode>;
  readonly authentications: Children<AuthenticationResult>;
  readonly authenticationSeconds: HistogramChild;
  readonly publishes: Children<PublishResult>;
  readonly publishSeconds: HistogramChild;
  readonly storeSeconds: HistogramChild;
  readonly historyReads: Children<HistoryResult>;
  readonly catchUps: Children<CatchUpResult>;
  readonly resumes: Children<ResumeResult>;
  readonly resets: Children<ResetReason>;
  readonly requests: Children<RequestResult>;
  readonly requestSeconds: HistogramChild;
  readonly turnedAway: Children<TurnedAwayFor>;
}

export function createInstruments(metrics: GatewayMetrics): Instruments {
  return {
    opened: metrics.connectionsOpened.child({ transport: "websocket" }),
    closes: children([...keysOf(CLOSE_CODES), ...CLOSE_CAUSES], (code) => metrics.closes.child({ code })),
    errors: children(keysOf(ERROR_CODES), (code) => metrics.errors.child({ code })),
    authentications: children(
      [...keysOf(VERIFICATION_FAILURES), "ok", "anonymous", "subject_changed"],
      (outcome) => metrics.authentications.child({ outcome }),
    ),
    authenticationSeconds: metrics.authenticationSeconds.child(),
    publishes: children(PUBLISH_RESULTS, (outcome) => metrics.publishes.child({ outcome })),
    publishSeconds: metrics.publishSeconds.child(),
    storeSeconds: metrics.storeSeconds.child(),
    historyReads: children(HISTORY_RESULTS, (outcome) => metrics.historyReads.child({ outcome })),
    catchUps: children(CATCH_UP_RESULTS, (outcome) => metrics.catchUps.child({ outcome })),
    resumes: children(RESUME_RESULTS, (outcome) => metrics.resumes.child({ outcome })),
    resets: children(keysOf(RESET_REASONS), (reason) => metrics.resets.child({ reason })),
    requests: children(REQUEST_RESULTS, (outcome) => metrics.requests.child({ outcome })),
    requestSeconds: metrics.requestSeconds.child(),
    turnedAway: children(TURNED_AWAY_FOR, (reason) => metrics.turnedAway.child({ reason })),
  };
}

function keysOf<T extends object>(table: T): readonly (keyof T & string)[] {
  return Object.keys(table) as (keyof T & string)[];
}

function children<Name extends string>(
  names: readonly Name[],
  child: (name: Name) => CounterChild,
): Children<Name> {
  return Object.fromEntries(names.map((name) => [name, child(name)])) as Children<Name>;
}
