import { z } from "zod";
import type { Endpoint, StoredEndpoint } from "../endpoints/endpoint.ts";
import { ORDERINGS, PAYLOADS } from "../endpoints/endpoint.ts";
import { payloadFilterSchema } from "../endpoints/payload-filter.ts";
import { publicKeyOf } from "../signing/webhook-secret.ts";

export const endpointViewSchema = z.strictObject({
  id: z.string(),
  revision: z.int().describe("Goes into If-Match to change the endpoint only if nobody else has."),
  url: z.string(),
  description: z.string(),
  channels: z.array(z.string()),
  events: z.array(z.string()),
  filter: payloadFilterSchema.optional(),
  payload: z.enum(PAYLOADS),
  ordering: z.enum(ORDERINGS),
  concurrency: z.int(),
  ratePerSecond: z.number(),
  headers: z
    .record(z.string(), z.string())
    .describe("Values are not shown. A value that is sent back as it is shown stays."),
  paused: z.boolean(),
  disabled: z.strictObject({ reason: z.enum(["gone", "failing"]), at: z.iso.datetime() }).optional(),
  createdAt: z.iso.datetime(),
  updatedAt: z.iso.datetime(),
});

/** Stands for the value of a static header, which may be a credential. */
export const HIDDEN_VALUE = "********";

const iso = (ms: number): string => new Date(ms).toISOString();

/** An endpoint as callers see it: without secrets, and with the names alone of static headers. */
export function endpointView({ endpoint, revision }: StoredEndpoint): z.input<typeof endpointViewSchema> {
  const { secrets: _, locked: __, disabled, headers, createdAt, updatedAt, ...rest } = endpoint;
  return {
    ...rest,
    channels: [...rest.channels],
    events: [...rest.events],
    revision,
    headers: Object.fromEntries(Object.keys(headers).map((name) => [name, HIDDEN_VALUE])),
    ...(disabled === undefined ? {} : { disabled: { reason: disabled.reason, at: iso(disabled.at) } }),
    createdAt: iso(createdAt),
    updatedAt: iso(updatedAt),
  };
}

export const secretsSchema = z.strictObject({
  secrets: z.array(
    z.strictObject({
      secret: z.string(),
      publicKey: z.string().optional().describe("Of a `v1a` secret: what receivers verify with."),
      createdAt: z.iso.datetime(),
      expiresAt: z.iso.datetime().optional(),
    }),
  ),
});

/** Secrets that still sign, newest first. */
export function secretsView(endpoint: Endpoint, now: number): z.input<typeof secretsSchema> {
  return {
    secrets: endpoint.secrets
      .filter(({ expiresAt }) => expiresAt === undefined || expiresAt > now)
      .map(({ value, createdAt, expiresAt }) => ({
        secret: value,
        ...publicPart(value),
        createdAt: iso(createdAt),
        ...(expiresAt === undefined ? {} : { expiresAt: iso(expiresAt) }),
      })),
  };
}

function publicPart(secret: string): { publicKey?: string } {
  const publicKey = publicKeyOf(secret);
  return publicKey === undefined ? {} : { publicKey };
}
