import { z } from "zod";
import { MAX_REPLAYED } from "../replay/replays.ts";
import { messageQuery } from "./activity-routes.ts";
import type { ApiContext } from "./api-context.ts";
import { endpointOf } from "./api-context.ts";
import { ApiProblem } from "./api-problem.ts";
import type { ApiRoute } from "./api-route.ts";
import { parse } from "./endpoint-routes.ts";
import { inputSchema, outputSchema } from "./json-schema.ts";

const replay = z.union([
  z.strictObject({ message: z.string().describe("One message, by its `webhook-id`.") }),
  z
    .strictObject({
      what: z
        .enum(["dead_letters", "messages"])
        .describe("What was given up, or every kept message that the endpoint listens to."),
      since: z.iso.datetime(),
      until: z.iso.datetime().optional(),
    })
    .refine(({ since, until }) => until === undefined || since <= until, "since is after until"),
]);

const outcome = z.strictObject({
  queued: z.int(),
  more: z.boolean().describe(`Whether some are left: one call takes ${MAX_REPLAYED} at most.`),
  next: z.iso.datetime().optional().describe("With `more`: the `since` of the next call."),
});

/** Delivering once more. */
export function replayRoutes(context: ApiContext): readonly ApiRoute[] {
  const { replays, now } = context;
  return [
    {
      method: "POST",
      path: "/v1/webhooks/endpoints/{id}/replay",
      operationId: "replay",
      summary: "Deliver once more, with the ids of before",
      description: "Dead letters that are replayed are dead letters no more.",
      action: "replay",
      body: inputSchema(replay),
      success: 202,
      answer: outputSchema(outcome),
      problems: ["not_found"],
      handle: async (call) => {
        const { endpoint } = await endpointOf(context, call);
        const wanted = parse(replay, call.body);
        if ("message" in wanted) {
          if (await replays.one(endpoint, messageQuery(wanted.message) ?? "none")) {
            return { status: 202, body: { queued: 1, more: false } };
          }
          throw new ApiProblem("not_found", "neither the message nor a dead letter of it is kept");
        }
        const since = Date.parse(wanted.since);
        const until = wanted.until === undefined ? now() : Date.parse(wanted.until);
        const { queued, more, next } =
          wanted.what === "messages"
            ? await replays.messages(endpoint, { since, until })
            : await replays.deadLetters(endpoint, { since, until });
        const rest = next === undefined ? {} : { next: new Date(next).toISOString() };
        return { status: 202, body: { queued, more, ...rest } };
      },
    },
  ];
}
