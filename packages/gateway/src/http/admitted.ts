import type { TurnedAway } from "../admission/gate.ts";
import type { HttpContext } from "./http-context.ts";
import type { Problem } from "./problem.ts";

/** Waits for the turn of somebody who wants to stay, and asks then whether it may come in. */
export async function admitted({ node }: HttpContext): Promise<TurnedAway | undefined> {
  const { arrivals, gate } = node;
  const { promise, resolve } = Promise.withResolvers<void>();
  if (!arrivals.admit(resolve)) {
    return gate.crowded();
  }
  await promise;
  return gate.connection();
}

/** What a client is told that knows of statuses. */
export function turnedAwayProblem({ detail, retryAfterMs }: TurnedAway): Problem {
  return { code: "overloaded", detail, retryAfter: retryAfterMs };
}
