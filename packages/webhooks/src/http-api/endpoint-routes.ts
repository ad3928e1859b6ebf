import { z } from "zod";
import type { Endpoint } from "../endpoints/endpoint.ts";
import { endpointInputSchema, endpointPatchSchema, secretFields } from "../endpoints/endpoint-schema.ts";
import { newEndpointId } from "../endpoints/endpoint-store.ts";
import { generateSecret } from "../signing/webhook-secret.ts";
import type { ApiCaller } from "./api-caller.ts";
import type { ApiContext } from "./api-context.ts";
import { changeEndpoint, checkHistory, endpointOf } from "./api-context.ts";
import { ApiProblem, invalidBody } from "./api-problem.ts";
import type { ApiRoute } from "./api-route.ts";
import { endpointView, endpointViewSchema, HIDDEN_VALUE } from "./endpoint-view.ts";
import { inputSchema, outputSchema } from "./json-schema.ts";
import { integerQuery } from "./query.ts";

const MAX_PAGE = 200;

/** Making, seeing, changing and deleting endpoints. */
export function endpointRoutes(context: ApiContext): readonly ApiRoute[] {
  const { engine, rules, now } = context;
  const input = endpointInputSchema(rules);
  const patch = endpointPatchSchema(rules);
  const creation = input.extend({ ...secretFields });
  const listSchema = z.strictObject({
    endpoints: z.array(endpointViewSchema),
    next: z.string().optional(),
  });

  return [
    {
      method: "POST",
      path: "/v1/webhooks/endpoints",
      operationId: "createEndpoint",
      summary: "Make an endpoint",
      description:
        "The answer holds the secret that deliveries are signed with, made here unless one was given. The token must also allow to subscribe to the channels.",
      action: "write",
      body: inputSchema(creation),
      success: 201,
      answer: outputSchema(endpointViewSchema.extend({ secret: z.string() })),
      problems: [],
      handle: async (call) => {
        const { secret, signature, ...config } = parse(creation, call.body);
        checkChannels(call.caller, config.channels);
        await checkHistory(context, config.channels);
        const at = now();
        const value = secret ?? generateSecret(signature).secret;
        const endpoint: Endpoint = {
          ...config,
          id: newEndpointId(),
          secrets: [{ value, createdAt: at }],
          createdAt: at,
          updatedAt: at,
        };
        const stored = await engine.store.create(endpoint);
        engine.directory.observe(endpoint.id, stored);
        return {
          status: 201,
          body: { ...endpointView(stored), secret: value },
          revision: stored.revision,
          location: `/v1/webhooks/endpoints/${endpoint.id}`,
        };
      },
    },
    {
      method: "GET",
      path: "/v1/webhooks/endpoints",
      operationId: "listEndpoints",
      summary: "List endpoints",
      action: "read",
      query: {
        limit: `How many, 1 to ${MAX_PAGE}; 50 if left out.`,
        after: "The `next` of the page before.",
      },
      success: 200,
      answer: outputSchema(listSchema),
      problems: ["malformed"],
      handle: async (call) => {
        const limit = integerQuery(call.query, "limit", { least: 1, most: MAX_PAGE, fallback: 50 });
        const after = call.query.get("after") ?? "";
        const all = engine.directory.all
          .filter(({ endpoint }) => endpoint.id > after)
          .sort((left, right) => (left.endpoint.id < right.endpoint.id ? -1 : 1));
        const page = all.slice(0, limit);
        const next = all.length > limit ? { next: page.at(-1)?.endpoint.id } : {};
        return { status: 200, body: { endpoints: page.map(endpointView), ...next } };
      },
    },
    {
      method: "GET",
      path: "/v1/webhooks/endpoints/{id}",
      operationId: "getEndpoint",
      summary: "See an endpoint",
      action: "read",
      success: 200,
      answer: outputSchema(endpointViewSchema),
      problems: ["not_found"],
      handle: async (call) => {
        const stored = await endpointOf(context, call);
        return { status: 200, body: endpointView(stored), revision: stored.revision };
      },
    },
    {
      method: "PUT",
      path: "/v1/webhooks/endpoints/{id}",
      operationId: "replaceEndpoint",
      summary: "Replace what is configured",
      description: "What is left out gets its default. Secrets stay.",
      action: "write",
      body: inputSchema(input),
      ifMatch: "required",
      success: 200,
      answer: outputSchema(endpointViewSchema),
      problems: ["not_found"],
      handle: async (call) => {
        const config = parse(input, call.body);
        checkChannels(call.caller, config.channels);
        await checkHistory(context, config.channels);
        const stored = await changeEndpoint(context, call, (before) => ({
          ...config,
          headers: keepHeaders(config.headers, before),
          id: before.id,
          secrets: before.secrets,
          ...(before.disabled === undefined ? {} : { disabled: before.disabled }),
          createdAt: before.createdAt,
          updatedAt: now(),
        }));
        return { status: 200, body: endpointView(stored), revision: stored.revision };
      },
    },
    {
      method: "PATCH",
      path: "/v1/webhooks/endpoints/{id}",
      operationId: "changeEndpoint",
      summary: "Change some of what is configured",
      description: "What is left out stays. `filter: null` takes the filter away.",
      action: "write",
      body: inputSchema(patch),
      ifMatch: "optional",
      success: 200,
      answer: outputSchema(endpointViewSchema),
      problems: ["not_found"],
      handle: async (call) => {
        const change = parse(patch, call.body);
        checkChannels(call.caller, change.channels ?? []);
        await checkHistory(context, change.channels ?? []);
        const stored = await changeEndpoint(context, call, (endpoint) => ({
          ...endpoint,
          ...given(change),
          headers: keepHeaders(change.headers ?? endpoint.headers, endpoint),
          filter: change.filter === null ? undefined : (change.filter ?? endpoint.filter),
          updatedAt: now(),
        }));
        return { status: 200, body: endpointView(stored), revision: stored.revision };
      },
    },
    {
      method: "DELETE",
      path: "/v1/webhooks/endpoints/{id}",
      operationId: "deleteEndpoint",
      summary: "Delete an endpoint",
      description:
        "What is waiting for it is dropped. Its attempts and dead letters stay until they are too old.",
      action: "write",
      ifMatch: "optional",
      success: 204,
      problems: ["not_found"],
      handle: async (call) => {
        const { endpoint, revision } = await endpointOf(context, call);
        await engine.store.delete(endpoint.id, call.revision ?? revision);
        await engine.forget(endpoint.id);
        return { status: 204 };
      },
    },
  ];
}

/** @throws ApiProblem `invalid`. */
export function parse<Schema extends z.ZodType>(schema: Schema, body: unknown): z.output<Schema> {
  const result = schema.safeParse(body);
  if (!result.success) throw invalidBody(result.error);
  return result.data;
}

type Given<Patch> = { [Name in keyof Patch]: Exclude<Patch[Name], undefined> };

/** Without the fields that were left out. */
function given<Patch extends object>(patch: Patch): Partial<Given<Patch>> {
  const entries = Object.entries(patch).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as Partial<Given<Patch>>;
}

/** A value that is given back as it was shown stays what it is. */
function keepHeaders(headers: Endpoint["headers"], before: Endpoint): Endpoint["headers"] {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [
      name,
      value === HIDDEN_VALUE ? (before.headers[name] ?? value) : value,
    ]),
  );
}

function checkChannels(caller: ApiCaller, channels: readonly string[]): void {
  const refused = channels.find((pattern) => !caller.mayRead(pattern));
  if (refused !== undefined) {
    throw new ApiProblem("forbidden", `the token does not allow to subscribe to ${refused}`);
  }
}
