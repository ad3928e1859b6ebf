import { channelProblem } from "@tidegate/protocol";
import { bytes, integer, milliseconds, oneOf, port, setting, text, url } from "@tidegate/runtime";
import { z } from "zod";
import { SCHEME_NAMES } from "./schemes/create-scheme.ts";

const DAY_MS = 86_400_000;
const MOST_SECRETS = 8;

const secretSchema = z.union([text({ max: 4_096 }), z.strictObject({ file: text({ max: 4_096 }) })]);

const sourceSchema = z
  .strictObject({
    scheme: oneOf(SCHEME_NAMES).describe("Who sends, and how it proves it."),
    secrets: z
      .array(secretSchema)
      .min(1)
      .max(MOST_SECRETS)
      .describe(
        "All that are valid now, each a text or `{ file: /path }`: while a secret is changed, the new one and the old one. For `paypal`, the ids of its webhooks.",
      ),
    channel: text({ max: 200 })
      .refine((channel) => channelProblem(channel) === undefined, "a channel, without wildcards")
      .optional()
      .describe("Deliveries are also published to this channel, byte for byte, once they are stored."),
    sameness: oneOf(["id", "body"])
      .default("id")
      .describe(
        "What makes two requests one delivery. `github`, `shopify`, `razorpay` and `gitlab-token` do not sign the id: who has one of their requests can repeat it under another. `body` prevents that; two deliveries that do not differ then count as one.",
      ),
    publicUrl: url(["https", "http"])
      .refine((value) => !/[?#@]/.test(value), "a URL without query, fragment and user")
      .optional()
      .describe("The address as the sender knows it. `twilio` signs it."),
    certificates: z
      .record(z.string(), text({ max: 65_536, multiline: true }))
      .default({})
      .describe("Certificates of `paypal` in PEM, by their address, for processes that cannot fetch them."),
  })
  .superRefine(({ scheme, publicUrl }, context) => {
    if ((scheme === "twilio") !== (publicUrl !== undefined)) {
      const message = scheme === "twilio" ? "is needed: twilio signs it" : "has a meaning for twilio only";
      context.addIssue({ code: "custom", path: ["publicUrl"], message });
    }
  });

/** The receiver of webhooks: its port, its limits, its store, and who may send. */
export const hookSettings = [
  setting({
    path: "hooks.host",
    schema: text({ max: 255 }),
    default: "0.0.0.0",
    doc: "Address for `/hooks/<source>`.",
  }),
  setting({ path: "hooks.port", schema: port(), default: 8090, doc: "Port for `/hooks/<source>`." }),
  setting({
    path: "hooks.bodyBytes",
    schema: bytes({ min: 1_024, max: 64 * 1024 * 1024 }),
    default: "768KiB",
    doc: "Largest body; above, the answer is 413. `max_payload` of NATS must leave 8 KiB more for headers.",
  }),
  setting({
    path: "hooks.pendingBytes",
    schema: bytes({ min: 65_536 }),
    default: "64MiB",
    doc: "Bodies in memory at the same time, of all requests together; above, the answer is 503.",
  }),
  setting({
    path: "hooks.maxConnections",
    schema: integer({ min: 1, max: 1_000_000 }),
    default: 10_000,
    doc: "Connections of senders at the same time.",
  }),
  setting({
    path: "hooks.storeTimeoutMs",
    schema: milliseconds({ min: 50, max: 60_000 }),
    default: "2s",
    doc: "How long to wait for the store before the answer is 503. Slack gives up after 3 s, Shopify after 5 s.",
  }),
  setting({
    path: "hooks.subject",
    schema: text({
      max: 64,
      pattern: { test: /^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$/, expects: "tokens of a subject" },
    }),
    default: "hook.in",
    doc: "Deliveries are stored under `<subject>.<source>.<key>`, in a stream of this name with `_` for `.`. One per environment.",
  }),
  setting({
    path: "hooks.keepMs",
    schema: milliseconds({ min: 1_000, max: 3_650 * DAY_MS }),
    default: "8d",
    doc: "For how long deliveries are kept, and repetitions recognised. Senders repeat for up to 7 days.",
  }),
  setting({
    path: "hooks.storeBytes",
    schema: bytes({ min: 65_536 }),
    default: "1GiB",
    doc: "Room for the deliveries of this time; when it is full, the answer is 503.",
  }),
  setting({
    path: "hooks.replicas",
    schema: integer({ min: 1, max: 5 }),
    default: 3,
    doc: "NATS servers that hold a copy of each delivery; 1 for a server that is not clustered.",
  }),
  setting({
    path: "hooks.sources",
    schema: z
      .record(
        z.string().regex(/^[A-Za-z0-9_-]{1,64}$/, "the name of a source is letters, digits, _ and -"),
        sourceSchema,
      )
      .optional(),
    secret: true,
    doc: "By name, who may deliver to `/hooks/<name>`. Without any, there is no receiver.",
  }),
] as const;

/** One source as the settings have it. */
export type HookSourceSettings = z.output<typeof sourceSchema>;
