export const SERVER_NAMES = [
  "bare",
  "native",
  "ws",
  "socket.io",
  "tidegate",
  "by-address",
  "replayable",
  "three-nodes",
  "centrifugo",
] as const;
export type ServerName = (typeof SERVER_NAMES)[number];

/** What everything is compared with. */
export const BASELINE: ServerName = "bare";
