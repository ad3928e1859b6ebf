import { z } from "zod";
import { secretFields } from "../endpoints/endpoint-schema.ts";
import { rotated } from "../endpoints/endpoint-secrets.ts";
import { generateSecret } from "../signing/webhook-secret.ts";
import type { ApiContext } from "./api-context.ts";
import { changeEndpoint, endpointOf, unlocked } from "./api-context.ts";
import type { ApiRoute } from "./api-route.ts";
import { parse } from "./endpoint-routes.ts";
import { secretsSchema, secretsView } from "./endpoint-view.ts";
import { inputSchema, outputSchema } from "./json-schema.ts";

const MAX_GRACE_SECONDS = 30 * 86_400;

const rotation = z.strictObject({
  ...secretFields,
  graceSeconds: z
    .int()
    .min(0)
    .max(MAX_GRACE_SECONDS)
    .default(86_400)
    .describe("How long the secrets before it sign beside it."),
});

/** The keys that deliveries of an endpoint are signed with. */
export function secretRoutes(context: ApiContext): readonly ApiRoute[] {
  const { now } = context;
  return [
    {
      method: "GET",
      path: "/v1/webhooks/endpoints/{id}/secrets",
      operationId: "listSecrets",
      summary: "See the secrets that sign now, newest first",
      action: "write",
      success: 200,
      answer: outputSchema(secretsSchema),
      problems: ["not_found"],
      handle: async (call) => {
        const { endpoint } = await endpointOf(context, call);
        return { status: 200, body: secretsView(unlocked(endpoint), now()) };
      },
    },
    {
      method: "POST",
      path: "/v1/webhooks/endpoints/{id}/secrets",
      operationId: "rotateSecret",
      summary: "Sign with a new secret",
      description: "Deliveries carry the signatures of all secrets until the grace of the old ones is over.",
      action: "write",
      body: inputSchema(rotation),
      bodyOptional: true,
      success: 201,
      answer: outputSchema(secretsSchema),
      problems: ["not_found"],
      handle: async (call) => {
        const { secret, signature, graceSeconds } = parse(rotation, call.body ?? {});
        const value = secret ?? generateSecret(signature).secret;
        const { endpoint } = await changeEndpoint(context, call, (before) =>
          rotated(before, value, graceSeconds * 1_000, now()),
        );
        return { status: 201, body: secretsView(endpoint, now()) };
      },
    },
  ];
}
