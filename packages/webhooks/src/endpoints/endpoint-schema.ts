import { namespaceOf, patternProblem } from "@tidegate/protocol";
import { z } from "zod";
import { parseSigningSecret } from "../signing/webhook-secret.ts";
import type { UrlRules } from "../ssrf/url-policy.ts";
import { urlProblem } from "../ssrf/url-policy.ts";
import { WebhooksError } from "../webhooks-error.ts";
import { ORDERINGS, PAYLOADS } from "./endpoint.ts";
import { payloadFilterSchema } from "./payload-filter.ts";

/** What an endpoint is held against when it is made or changed. */
export interface EndpointRules {
  readonly urls: UrlRules;
  /** First tokens that a channel pattern may begin with: namespaces with history, and that of lifecycle events. */
  readonly namespaces: readonly string[];
}

const MAX_CONCURRENCY = 50;
const MAX_RATE_PER_SECOND = 10_000;

const TOKEN = /^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/;
/** Visible ASCII and spaces inside. */
const HEADER_VALUE = /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/;
/** What the delivery itself says, or the connection. */
const RESERVED =
  /^(?:host|content-length|content-type|content-encoding|transfer-encoding|connection|keep-alive|proxy-.*|upgrade|te|trailer|expect|traceparent|tracestate|webhook-.*|tidegate-.*)$/i;

/** `whsec_` for HMAC-SHA256 (v1), `whsk_` for Ed25519 (v1a). */
const secretSchema = z.string().superRefine((value, context) => {
  try {
    parseSigningSecret(value);
  } catch (error) {
    const message = error instanceof WebhooksError ? error.message : "is not a secret";
    context.addIssue({ code: "custom", message });
  }
});

/** How the secret of a new endpoint, or the next one of an endpoint, is chosen. */
export const secretFields = {
  secret: secretSchema.optional().describe("Made here if left out."),
  signature: z
    .enum(["v1", "v1a"])
    .default("v1")
    .describe(
      "Of a secret that is made here: `v1a` signs with a private key, and the receiver needs the public one only.",
    ),
};

const headersSchema = z.record(z.string(), z.string()).superRefine((headers, context) => {
  const refuse = (name: string, message: string) => {
    context.addIssue({ code: "custom", path: [name], message });
  };
  const entries = Object.entries(headers);
  if (entries.length > 32) context.addIssue({ code: "custom", message: "has more than 32 headers" });
  for (const [name, value] of entries) {
    if (!TOKEN.test(name) || name.length > 128) refuse(name, "is not the name of a header");
    else if (RESERVED.test(name)) refuse(name, "is set by the delivery and cannot be given");
    if (!HEADER_VALUE.test(value) || value.length > 4_096) {
      refuse(name, "must be visible ASCII, at most 4096 characters, with no space at the ends");
    }
  }
});

function fieldsFor({ urls, namespaces }: EndpointRules) {
  return {
    url: z.string().superRefine((value, context) => {
      const problem = urlProblem(value, urls);
      if (problem !== undefined) context.addIssue({ code: "custom", message: problem });
    }),
    description: z.string().max(1_000),
    channels: z
      .array(
        z.string().superRefine((value, context) => {
          const problem = patternProblem(value) ?? namespaceProblem(value, namespaces);
          if (problem !== undefined) context.addIssue({ code: "custom", message: problem });
        }),
      )
      .min(1, "names no channel")
      .max(50),
    events: z.array(z.string().min(1).max(200)).max(100),
    filter: payloadFilterSchema,
    payload: z.enum(PAYLOADS),
    ordering: z.enum(ORDERINGS),
    concurrency: z.int().min(1).max(MAX_CONCURRENCY),
    ratePerSecond: z.number().min(0).max(MAX_RATE_PER_SECOND),
    headers: headersSchema,
    paused: z.boolean(),
  };
}

function namespaceProblem(pattern: string, namespaces: readonly string[]): string | undefined {
  const namespace = namespaceOf(pattern);
  if (namespaces.includes(namespace)) return undefined;
  return `must begin with a namespace that webhooks read: ${namespaces.join(", ") || "none is configured"}`;
}

/** For creating and replacing; what is left out has its default. */
export function endpointInputSchema(rules: EndpointRules) {
  const fields = fieldsFor(rules);
  return z.strictObject({
    url: fields.url,
    description: fields.description.default(""),
    channels: fields.channels,
    events: fields.events.default([]),
    filter: fields.filter.optional(),
    payload: fields.payload.default("raw"),
    ordering: fields.ordering.default("none"),
    concurrency: fields.concurrency.default(10),
    ratePerSecond: fields.ratePerSecond.default(0),
    headers: fields.headers.default({}),
    paused: fields.paused.default(false),
  });
}

/** For changing: what is left out stays, and `filter: null` takes the filter away. */
export function endpointPatchSchema(rules: EndpointRules) {
  const fields = fieldsFor(rules);
  return z.strictObject({
    url: fields.url.optional(),
    description: fields.description.optional(),
    channels: fields.channels.optional(),
    events: fields.events.optional(),
    filter: fields.filter.nullable().optional(),
    payload: fields.payload.optional(),
    ordering: fields.ordering.optional(),
    concurrency: fields.concurrency.optional(),
    ratePerSecond: fields.ratePerSecond.optional(),
    headers: fields.headers.optional(),
    paused: fields.paused.optional(),
  });
}
