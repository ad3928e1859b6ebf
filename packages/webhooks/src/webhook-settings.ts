import { isChannelToken } from "@tidegate/protocol";
import {
  bytes,
  flag,
  integer,
  listOf,
  milliseconds,
  oneOf,
  port,
  type SettingsFrom,
  setting,
  text,
} from "@tidegate/runtime";
import { RING_KEY } from "./sealing/key-ring.ts";

const DAY_MS = 86_400_000;

/** Outgoing webhooks: the API, how deliveries are made, and what is kept. */
export const webhookSettings = [
  setting({
    path: "webhooks.host",
    schema: text({ max: 255 }),
    default: "127.0.0.1",
    doc: "Address of the API under `/v1/webhooks`. It is for backends, not for the internet.",
  }),
  setting({ path: "webhooks.port", schema: port(), default: 8085, doc: "Port of the API." }),
  setting({
    path: "webhooks.namespaces",
    schema: listOf(text({ max: 64 }).refine(isChannelToken, "the name of a namespace")),
    default: "",
    doc: "Namespaces whose messages may go to endpoints. They must keep history: a message that is stored nowhere cannot be delivered for sure.",
  }),
  setting({
    path: "webhooks.secretKeys",
    schema: listOf(text({ max: 128, pattern: { test: RING_KEY, expects: "<id>:<base64 of 32 bytes>" } }), {
      min: 1,
      max: 16,
    }).optional(),
    secret: true,
    doc: "Keys that the secrets of endpoints are encrypted with at rest, each `<id>:<base64 of 32 bytes>`. The first encrypts, all of them decrypt.",
  }),
  setting({
    path: "webhooks.clearSecrets",
    schema: flag(),
    default: false,
    doc: "Lets a production process start without `webhooks.secretKeys`, and store secrets of endpoints as they are.",
  }),
  setting({
    path: "webhooks.timeoutMs",
    schema: milliseconds({ min: 100, max: 30_000 }),
    default: "15s",
    doc: "For one attempt, from the name to the end of the answer.",
  }),
  setting({
    path: "webhooks.connectTimeoutMs",
    schema: milliseconds({ min: 100, max: 30_000 }),
    default: "5s",
    doc: "For the connection alone: name, TCP and TLS.",
  }),
  setting({
    path: "webhooks.retryPausesMs",
    schema: listOf(milliseconds({ min: 10, max: 7 * DAY_MS }), { min: 0, max: 30 }),
    default: "5s,5m,30m,2h,5h,10h,14h,20h,24h",
    doc: "Pauses between attempts, each spread by a fifth; after the last attempt the delivery is a dead letter.",
  }),
  setting({
    path: "webhooks.maxRetryAfterMs",
    schema: milliseconds({ max: DAY_MS }),
    default: "1h",
    doc: "How far `Retry-After` of an endpoint may put off the next attempt.",
  }),
  setting({
    path: "webhooks.disableAfterMs",
    schema: milliseconds({ min: 60_000, max: 365 * DAY_MS }),
    default: "5d",
    doc: "An endpoint is disabled when nothing has succeeded for so long.",
  }),
  setting({
    path: "webhooks.breakerFailures",
    schema: integer({ min: 1, max: 1_000 }),
    default: 10,
    doc: "Failures in a row after which an endpoint is left alone, first for 5 s, then for twice as long each time, up to 5 min.",
  }),
  setting({
    path: "webhooks.responseBytes",
    schema: bytes({ max: 65_536 }),
    default: "2KiB",
    doc: "What is kept of the answer to an attempt.",
  }),
  setting({
    path: "webhooks.cacheBytes",
    schema: bytes({ min: 0 }),
    default: "32MiB",
    doc: "Payloads kept in memory, so that a message for many endpoints is read once.",
  }),
  setting({
    path: "webhooks.allowHttp",
    schema: flag(),
    default: false,
    doc: "Takes endpoints without TLS: payloads and signatures then travel in the open.",
  }),
  setting({
    path: "webhooks.ports",
    schema: listOf(port(), { min: 1, max: 32 }),
    default: "443,8443",
    doc: "Ports that endpoints may have; 0 stands for any.",
  }),
  setting({
    path: "webhooks.allowNetworks",
    schema: listOf(text({ max: 64 }), { max: 64 }),
    default: "",
    doc: "Networks such as `10.1.0.0/16` that endpoints may be in although they are not public. Everybody who may make endpoints can then reach them.",
  }),
  setting({
    path: "webhooks.resolver",
    schema: oneOf(["dns", "system"]),
    default: "dns",
    doc: "`dns` asks the DNS servers directly, where names that hang delay nobody else. `system` also knows the hosts file and search domains.",
  }),
  setting({
    path: "webhooks.shards",
    schema: integer({ min: 1, max: 64 }),
    default: 4,
    doc: "Parts of the queue. The same for all processes; to change it, let the queue run empty and stop them all.",
  }),
  setting({
    path: "webhooks.replicas",
    schema: integer({ min: 1, max: 5 }),
    default: 3,
    doc: "NATS servers that hold a copy of everything; 1 for a server that is not clustered.",
  }),
  setting({
    path: "webhooks.keepMessagesMs",
    schema: milliseconds({ min: 60_000, max: 365 * DAY_MS }),
    default: "7d",
    doc: "How long messages are kept for retries and replays, and almost as long what cannot be tried waits. Longer than retries go on, and than outages that nothing may be lost by.",
  }),
  setting({
    path: "webhooks.keepAttemptsMs",
    schema: milliseconds({ min: 60_000, max: 365 * DAY_MS }),
    default: "7d",
    doc: "How long attempts are kept in the log.",
  }),
  setting({
    path: "webhooks.keepDeadLettersMs",
    schema: milliseconds({ min: 60_000, max: 365 * DAY_MS }),
    default: "30d",
    doc: "How long deliveries that were given up are kept.",
  }),
  setting({
    path: "webhooks.maxBytes",
    schema: bytes({ min: 1_048_576 }),
    default: "4GiB",
    doc: "Room for each of these; the oldest make way.",
  }),
] as const;

export type WebhookSettings = SettingsFrom<typeof webhookSettings>["webhooks"];
