import { LOG_LEVELS } from "../logger/create-logger.ts";
import { setting } from "../settings/setting.ts";
import { flag, milliseconds, oneOf, port, text } from "../settings/setting-schemas.ts";

/** The settings that every service has, to be spread into its table beside its own. */
export const serviceSettings = [
  setting({
    path: "log.level",
    schema: oneOf(LOG_LEVELS),
    default: "info",
    doc: "The least important lines that are still logged.",
  }),
  setting({
    path: "log.pretty",
    schema: flag(),
    default: false,
    doc: "Logs for people at a terminal instead of JSON. For development.",
  }),
  setting({
    path: "operations.host",
    schema: text(),
    default: "127.0.0.1",
    doc: "Address of the server for `/healthz`, `/readyz` and `/metrics`. Keep it off the public network; in a container it is `0.0.0.0`, so that probes reach it.",
  }),
  setting({
    path: "operations.port",
    schema: port(),
    default: 8081,
    doc: "Port of the server for `/healthz`, `/readyz` and `/metrics`.",
  }),
  setting({
    path: "drain.deadlineMs",
    schema: milliseconds({ min: 1, max: 3_600_000 }),
    default: "25s",
    doc: "How long the service may take to leave in order after SIGTERM before it exits with code 1. Keep it below the grace period of whoever sends the signal (30 s in Kubernetes).",
  }),
] as const;
