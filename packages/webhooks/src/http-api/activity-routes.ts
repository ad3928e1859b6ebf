import { randomBytes } from "node:crypto";
import { z } from "zod";
import type { AttemptRecord } from "../attempts/attempt-record.ts";
import type { StoredDeadLetter } from "../attempts/dead-letters.ts";
import { OUTCOMES } from "../delivery/delivery-result.ts";
import { DEAD_REASONS } from "../delivery/retry-policy.ts";
import { obstacleOf } from "../endpoints/obstacle.ts";
import type { ApiContext } from "./api-context.ts";
import { changeEndpoint, endpointOf, unlocked } from "./api-context.ts";
import type { ApiRoute } from "./api-route.ts";
import { endpointView, endpointViewSchema } from "./endpoint-view.ts";
import { outputSchema } from "./json-schema.ts";
import { integerQuery, timeQuery } from "./query.ts";

const MAX_PAGE = 200;

const attemptSchema = z.strictObject({
  message: z.string().describe("The `webhook-id`."),
  channel: z.string(),
  attempt: z.int(),
  at: z.iso.datetime(),
  durationMs: z.number(),
  outcome: z.enum(OUTCOMES),
  status: z.int().optional(),
  response: z.string().optional().describe("The beginning of the answer's body."),
  error: z.string().optional(),
  replay: z.boolean(),
  retryAt: z.iso.datetime().optional(),
  deadLetter: z.enum(DEAD_REASONS).optional(),
});

const deadLetterSchema = z.strictObject({
  message: z.string().describe("The `webhook-id`."),
  channel: z.string(),
  event: z.string().optional(),
  time: z.iso.datetime().describe("When the message was published."),
  reason: z.enum(DEAD_REASONS),
  attempts: z.int(),
  error: z.string().optional(),
  at: z.iso.datetime().describe("When it was given up."),
  bytes: z.int().describe("Size of the payload."),
});

const healthSchema = z.strictObject({
  state: z
    .enum(["well", "failing", "unknown", "paused", "disabled", "locked"])
    .describe("`locked`: its secrets cannot be read, and what is for it waits."),
  failingSince: z.iso.datetime().optional(),
  lastSuccessAt: z.iso.datetime().optional(),
  lastFailureAt: z.iso.datetime().optional(),
  lastStatus: z.int().optional(),
  lastError: z.string().optional(),
});

const PAGE_QUERY = {
  since: "Only from this time on, in ISO 8601.",
  after: "The `next` of the page before.",
  limit: `How many, 1 to ${MAX_PAGE}; 50 if left out.`,
};

const page = (query: URLSearchParams) => ({
  since: timeQuery(query, "since", 0),
  after: integerQuery(query, "after", { least: 0, most: Number.MAX_SAFE_INTEGER, fallback: 0 }),
  limit: integerQuery(query, "limit", { least: 1, most: MAX_PAGE, fallback: 50 }),
});

/** What has become of deliveries. */
export function activityRoutes(context: ApiContext): readonly ApiRoute[] {
  const { engine, now } = context;
  return [
    {
      method: "GET",
      path: "/v1/webhooks/endpoints/{id}/attempts",
      operationId: "listAttempts",
      summary: "See attempts, oldest first",
      action: "read",
      query: {
        ...PAGE_QUERY,
        message: "Only those of this `webhook-id`.",
        failed: "`true` leaves out those that succeeded.",
      },
      success: 200,
      answer: outputSchema(z.strictObject({ attempts: z.array(attemptSchema), next: z.string().optional() })),
      problems: ["not_found", "malformed"],
      handle: async (call) => {
        const { endpoint } = await endpointOf(context, call);
        const message = messageQuery(call.query.get("message"));
        const failed = call.query.get("failed") === "true";
        const found = await engine.attempts.query({
          endpoint: endpoint.id,
          message,
          failed,
          ...page(call.query),
        });
        return { status: 200, body: { attempts: found.attempts.map(attemptView), ...nextOf(found.next) } };
      },
    },
    {
      method: "GET",
      path: "/v1/webhooks/endpoints/{id}/dead-letters",
      operationId: "listDeadLetters",
      summary: "See deliveries that were given up, oldest first",
      action: "read",
      query: PAGE_QUERY,
      success: 200,
      answer: outputSchema(
        z.strictObject({ deadLetters: z.array(deadLetterSchema), next: z.string().optional() }),
      ),
      problems: ["not_found", "malformed"],
      handle: async (call) => {
        const { endpoint } = await endpointOf(context, call);
        const found = await engine.deadLetters.list(endpoint.id, page(call.query));
        return { status: 200, body: { deadLetters: found.letters.map(letterView), ...nextOf(found.next) } };
      },
    },
    {
      method: "GET",
      path: "/v1/webhooks/endpoints/{id}/health",
      operationId: "getHealth",
      summary: "See how an endpoint has been doing",
      action: "read",
      success: 200,
      answer: outputSchema(healthSchema),
      problems: ["not_found"],
      handle: async (call) => {
        const { endpoint } = await endpointOf(context, call);
        const health = await engine.health.read(endpoint.id);
        const { lastStatus, lastError, failingSince, lastSuccessAt } = health;
        const state =
          obstacleOf(endpoint) ??
          (failingSince !== undefined ? "failing" : lastSuccessAt === undefined ? "unknown" : "well");
        return {
          status: 200,
          body: {
            state,
            failingSince: iso(failingSince),
            lastSuccessAt: iso(lastSuccessAt),
            lastFailureAt: iso(health.lastFailureAt),
            lastStatus,
            lastError,
          },
        };
      },
    },
    {
      method: "POST",
      path: "/v1/webhooks/endpoints/{id}/ping",
      operationId: "pingEndpoint",
      summary: "Send a signed ping now and see what comes of it",
      description:
        "It is sent once, also to an endpoint that is paused or disabled, and stands in the log of attempts.",
      action: "write",
      success: 200,
      answer: outputSchema(attemptSchema),
      problems: ["not_found"],
      handle: async (call) => {
        const endpoint = unlocked((await endpointOf(context, call)).endpoint);
        const message = `ping_${randomBytes(10).toString("hex")}`;
        const channel = "tidegate.ping";
        const payload = Buffer.from(JSON.stringify({ type: channel, endpoint: endpoint.id }));
        const ping = { id: message, channel, event: channel, time: now(), payload, hops: 0 };
        const result = await engine.sender.send(endpoint, ping, 1);
        const next = { kind: "done" } as const;
        const record: AttemptRecord = {
          ...result,
          endpoint: endpoint.id,
          message,
          channel,
          copy: 0,
          attempt: 1,
          run: "",
          next,
        };
        await engine.attempts.append(record);
        return { status: 200, body: attemptView(record) };
      },
    },
    {
      method: "POST",
      path: "/v1/webhooks/endpoints/{id}/enable",
      operationId: "enableEndpoint",
      summary: "Deliver again to an endpoint that was disabled",
      action: "write",
      success: 200,
      answer: outputSchema(endpointViewSchema),
      problems: ["not_found"],
      handle: async (call) => {
        const stored = await changeEndpoint(context, call, ({ disabled: _, ...endpoint }) => ({
          ...endpoint,
          updatedAt: now(),
        }));
        await engine.health.reset(stored.endpoint.id);
        return { status: 200, body: endpointView(stored), revision: stored.revision };
      },
    },
  ];
}

function attemptView(record: AttemptRecord): z.input<typeof attemptSchema> {
  const { message, channel, attempt, at, durationMs, outcome, status, response, error, run, next } = record;
  return {
    message,
    channel,
    attempt,
    at: new Date(at).toISOString(),
    durationMs,
    outcome,
    status,
    response,
    error,
    replay: run !== "",
    retryAt: next.kind === "retry" ? iso(next.at) : undefined,
    deadLetter: next.kind === "dead" ? next.reason : undefined,
  };
}

function letterView({ letter, payload }: StoredDeadLetter): z.input<typeof deadLetterSchema> {
  const { message, channel, event, time, reason, attempts, error, at } = letter;
  return {
    message,
    channel,
    event,
    time: new Date(time).toISOString(),
    reason,
    attempts,
    error,
    at: new Date(at).toISOString(),
    bytes: payload.length,
  };
}

function iso(ms: number | undefined): string | undefined {
  return ms === undefined ? undefined : new Date(ms).toISOString();
}

function nextOf(next: number | undefined): { next?: string } {
  return next === undefined ? {} : { next: String(next) };
}

const MESSAGE_ID = /^[a-z0-9_-]{1,64}$/;

/** An id that none of ours looks like becomes one that matches nothing, and never a wildcard. */
export function messageQuery(text: string | null): string | undefined {
  if (text === null) return undefined;
  return MESSAGE_ID.test(text) ? text : "none";
}
