import type { PublisherIdentity } from "@tidegate/broker";
import type { Caller } from "../handlers/session.ts";
import type { Principal } from "../namespace-policies.ts";
import type { HttpContext } from "./http-context.ts";

/** For whom the handlers act when a request came over HTTP. Subscribers see an id that no connection has. */
export function callerOf({ node, newId }: HttpContext, principal: Principal): Caller {
  const publisher: PublisherIdentity = {
    user: principal?.user,
    connection: newId(),
    claims: principal?.claims,
  };
  // Nobody is let in once the node leaves; see `hosted`.
  return { context: node, principal, publisher, isLeaving: false };
}
