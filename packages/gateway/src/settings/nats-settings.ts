import { natsSettings as commonNatsSettings, milliseconds, setting } from "@tidegate/runtime";
import { nodeName } from "./node-name.ts";

/** How the node reaches NATS and which subjects are its own. */
export const natsSettings = [
  ...commonNatsSettings,
  setting({
    path: "nats.lingerMs",
    schema: milliseconds({ max: 600_000 }),
    default: "15s",
    doc: "How long a NATS subscription outlives its last subscriber, so that clients that come and go cost NATS nothing.",
  }),
  setting({
    path: "subjects.prefix",
    schema: nodeName,
    default: "rt",
    doc: "First token of the channel subjects; one per environment.",
  }),
] as const;
