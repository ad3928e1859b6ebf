/** The WebSocket subprotocol: the major version. Changes that break clients make it `tidegate.v2`. */
export const SUBPROTOCOL = "tidegate.v1";

/** Prefix of the subprotocol item that carries a token, for clients that can set nothing else. */
export const TOKEN_SUBPROTOCOL_PREFIX = "bearer.";

/**
 * What each revision of `tidegate.v1` added. Revisions only add: clients ignore fields, messages and codes they
 * do not know, nodes ignore fields they do not know. `digest` is of all message shapes, codes and reset reasons; the
 * test beside this file fails when they change without a new entry.
 */
export const REVISIONS = [
  {
    revision: 1,
    digest: "884a0fbd71dfb32a388626302b0d8fcfc73207c9d56725edfaaab350dc03c475",
    change: "Live channels: connect, subscribe, unsubscribe, publish, request, refresh, ping.",
  },
  {
    revision: 2,
    digest: "1507cfbdc5f1a368570a7efefdbf2b3663c0ae493292633c05b2d8051746e00d",
    change:
      "Replayable channels: cursors, resuming by `since`, `replay`, `reset`, `history`, and publishing that the store confirms. Event streams, polling, and publishing and requests over HTTP.",
  },
  {
    revision: 3,
    digest: "5ddbb56bb25e4e6a765dd4ca82ffb8c4e04459b85405d01431f07644ef19ac26",
    change: "Batch frames, by `batch`. Nodes that turn away and move: `overloaded`, `connection_age`.",
  },
  {
    revision: 4,
    digest: "dd6206296a58f4c89b43b23777000e0eb6c76bd520346ea6d9a6e265abb6b414",
    change: "Trace context of publishes and requests: `traceparent`, `tracestate`.",
  },
] as const;

/** The revision that this build speaks; told to clients in `connected`. */
export const REVISION: number = REVISIONS[REVISIONS.length - 1]?.revision ?? 0;
