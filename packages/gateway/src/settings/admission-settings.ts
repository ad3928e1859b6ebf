import { bytes, integer, milliseconds, setting } from "@tidegate/runtime";

/** Whom a node lets in when many come, or when it has too much to do. */
export const admissionSettings = [
  setting({
    path: "admission.connectsPerSecond",
    schema: integer({ min: 1, max: 1_000_000 }),
    default: 2000,
    doc: "New WebSockets and event streams a second, on average. Who is one too many is told when to come back (4011, or `retry:`), so that all come in at this rate.",
  }),
  setting({
    path: "admission.connectBurst",
    schema: integer({ min: 1, max: 1_000_000 }),
    default: 10_000,
    doc: "New WebSockets and event streams at once.",
  }),
  setting({
    path: "admission.lagMs",
    schema: milliseconds({ max: 60_000 }),
    default: "500ms",
    doc: "While the event loop is late by this for a second, newcomers are turned away, until it was late by less than half of it for three seconds. 0: never.",
  }),
  setting({
    path: "admission.memoryBytes",
    schema: bytes({ min: 67_108_864 }).optional(),
    doc: "While the process has this much memory in RAM, newcomers are turned away, until it has been below 90 % of it for three seconds. Set it below the limit of the container. Without it, only the limit of the JavaScript heap counts.",
  }),
  setting({
    path: "admission.retryMs",
    schema: milliseconds({ min: 100, max: 600_000 }),
    default: "5s",
    doc: "Who is turned away because of lag, memory or a lost link to NATS is told to come back after a random time around this, from half of it to one and a half.",
  }),
] as const;
