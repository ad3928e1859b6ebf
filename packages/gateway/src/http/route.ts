import type { HttpCall } from "./http-call.ts";

/** One address of the HTTP interface. */
export interface Route {
  /** Label of its metrics, and its path in the OpenAPI document. */
  readonly path: string;
  /** GET implies HEAD. */
  readonly method: "GET" | "POST";
  /** Answers the call, now or later. What it throws is answered with `internal_error`. */
  readonly handle: (call: HttpCall) => Promise<void> | void;
}

/** The part of a path that a route leaves open, behind its last slash. */
const OPEN_PART = /\{[^/]*\}$/;

export interface RouteMatch {
  readonly route: Route;
  /** What stands where the route's path leaves something open, decoded; empty text if it leaves nothing open. */
  readonly rest: string;
}

/** Finds the route of a path. Only the last part of a path can be open, and it never is empty. */
export class Router {
  readonly #closed = new Map<string, Route>();
  readonly #open: (readonly [prefix: string, route: Route])[] = [];

  constructor(routes: readonly Route[]) {
    for (const route of routes) {
      if (OPEN_PART.test(route.path)) {
        this.#open.push([route.path.replace(OPEN_PART, ""), route]);
      } else {
        this.#closed.set(route.path, route);
      }
    }
  }

  find(path: string): RouteMatch | undefined {
    const closed = this.#closed.get(path);
    if (closed !== undefined) {
      return { route: closed, rest: "" };
    }
    const open = this.#open.find(([prefix]) => path.startsWith(prefix) && path.length > prefix.length);
    if (open === undefined) {
      return undefined;
    }
    const [prefix, route] = open;
    const rest = decoded(path.slice(prefix.length));
    return rest === undefined || rest.includes("/") ? undefined : { route, rest };
  }
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
