import { API_ACTIONS } from "./api-caller.ts";
import { API_PROBLEMS, type ApiProblemCode } from "./api-problem.ts";
import type { ApiRoute } from "./api-route.ts";

/** What every operation can come to. */
const ALWAYS: readonly ApiProblemCode[] = [
  "token_missing",
  "token_invalid",
  "token_expired",
  "forbidden",
  "internal_error",
  "unavailable",
];
const WITH_BODY: readonly ApiProblemCode[] = ["malformed", "invalid", "too_large", "unsupported_media_type"];

const PROBLEM_SCHEMA = {
  type: "object",
  required: ["type", "title", "status", "detail", "code"],
  properties: {
    type: { type: "string" },
    title: { type: "string" },
    status: { type: "integer" },
    detail: { type: "string" },
    code: { type: "string", enum: Object.keys(API_PROBLEMS) },
    errors: {
      type: "array",
      items: {
        type: "object",
        required: ["field", "message"],
        properties: { field: { type: "string" }, message: { type: "string" } },
      },
    },
  },
};

/** The OpenAPI document of what is served: made of the routes themselves, so that neither says what the other does not do. */
export function openApiOf(routes: readonly ApiRoute[]): object {
  const paths: Record<string, Record<string, object>> = {};
  for (const route of routes) {
    paths[route.path] = { ...paths[route.path], [route.method.toLowerCase()]: operationOf(route) };
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "Tidegate webhooks",
      version: "1",
      summary: "HTTP endpoints that messages of channels are delivered to.",
      description: `Tokens allow it by grants to request: ${API_ACTIONS.map((action) => `\`webhooks.${action}\``).join(", ")}.`,
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    security: [{ bearer: [] }],
    paths,
    components: {
      schemas: { Problem: PROBLEM_SCHEMA },
      securitySchemes: { bearer: { type: "http", scheme: "bearer", bearerFormat: "JWT" } },
    },
  };
}

function operationOf(route: ApiRoute): object {
  const { operationId, summary, description, body, bodyOptional = false, success, answer } = route;
  return {
    operationId,
    summary,
    ...(description === undefined ? {} : { description }),
    parameters: parametersOf(route),
    ...(body === undefined
      ? {}
      : {
          requestBody: { required: !bodyOptional, content: { "application/json": { schema: body } } },
        }),
    responses: {
      [success]: {
        description: summary,
        ...(answer === undefined ? {} : { content: { "application/json": { schema: answer } } }),
      },
      ...problemResponses(route),
    },
  };
}

function parametersOf({ path, query = {}, ifMatch }: ApiRoute): readonly object[] {
  const schema = { type: "string" };
  return [
    ...[...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({ name, in: "path", required: true, schema })),
    ...Object.entries(query).map(([name, description]) => ({ name, in: "query", description, schema })),
    ...(ifMatch === undefined
      ? []
      : [
          {
            name: "If-Match",
            in: "header",
            required: ifMatch === "required",
            description: "The `ETag` of what is changed; refused if there is a newer one.",
            schema,
          },
        ]),
  ];
}

function problemResponses({ body, ifMatch, problems }: ApiRoute): Record<string, object> {
  const codes: ApiProblemCode[] = [...ALWAYS, ...problems];
  if (body !== undefined) codes.push(...WITH_BODY);
  if (ifMatch !== undefined) codes.push("malformed", "revision_conflict");
  if (ifMatch === "required") codes.push("revision_required");
  const byStatus = new Map<number, Set<string>>();
  for (const code of codes) {
    const status = API_PROBLEMS[code];
    byStatus.set(status, (byStatus.get(status) ?? new Set()).add(code));
  }
  return Object.fromEntries(
    [...byStatus].map(([status, names]) => [
      status,
      {
        description: [...names].join(", "),
        content: { "application/problem+json": { schema: { $ref: "#/components/schemas/Problem" } } },
      },
    ]),
  );
}
