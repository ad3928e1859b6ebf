import { corsHeaders, preflightHeaders } from "./cors.ts";
import { HttpCall } from "./http-call.ts";
import type { HttpContext } from "./http-context.ts";
import type { HttpExchange } from "./http-exchange.ts";
import type { Problem } from "./problem.ts";
import { requestId } from "./request-id.ts";
import { type Route, type RouteMatch, Router } from "./route.ts";

/** Label of what found no route. */
const NO_ROUTE = "none";

/** Takes every request over HTTP: finds its route, and gives every answer what all of them have in common. */
export class HttpEdge {
  readonly #http: HttpContext;
  readonly #router: Router;
  readonly #vary: string;

  constructor(http: HttpContext, routes: readonly Route[]) {
    this.#http = http;
    this.#router = new Router(routes);
    this.#vary = http.cookieName === undefined ? "Authorization, Origin" : "Authorization, Cookie, Origin";
  }

  /** Answers now or later. Never throws. */
  handle(exchange: HttpExchange): void {
    const match = this.#router.find(exchange.head.path);
    const call = this.#call(exchange, match);
    try {
      this.#handle(call, match)?.catch((error: unknown) => this.#failed(call, error));
    } catch (error) {
      this.#failed(call, error);
    }
  }

  /** Answers a request that the transport cannot hand over. */
  refuse(exchange: HttpExchange, problem: Problem, headers: Readonly<Record<string, string>>): void {
    this.#call(exchange, undefined).refuse(problem, headers);
  }

  #handle(call: HttpCall, match: RouteMatch | undefined): Promise<void> | undefined {
    const { method, headers } = call.head;
    if (match === undefined) {
      call.refuse({ code: "not_found", detail: "there is nothing at this address" });
      return undefined;
    }
    if (!this.#http.origins.allows(headers.origin, headers.host)) {
      call.refuse({ code: "origin_denied", detail: "this origin is not on the allow-list" });
      return undefined;
    }
    const { route } = match;
    const methods = route.method === "GET" ? "GET, HEAD, OPTIONS" : `${route.method}, OPTIONS`;
    if (method === "OPTIONS") {
      call.answerEmpty(204, { allow: methods, ...preflightHeaders(methods) });
      return undefined;
    }
    if (method !== route.method && !(method === "HEAD" && route.method === "GET")) {
      call.refuse({ code: "method_not_allowed", detail: `use ${methods}` }, { allow: methods });
      return undefined;
    }
    return route.handle(call) ?? undefined;
  }

  #call(exchange: HttpExchange, match: RouteMatch | undefined): HttpCall {
    const { origins, roster, instruments, newId, node } = this.#http;
    const id = requestId(exchange.head.headers["x-request-id"], newId);
    const common = { vary: this.#vary, ...corsHeaders(origins, exchange.head) };
    const route = match?.route.path ?? NO_ROUTE;
    const answered = (status: number, problem: Problem | undefined): void => {
      instruments.countRequest(route, status);
      if (problem !== undefined) {
        node.instruments.errors[problem.code].inc();
      }
    };
    return new HttpCall(exchange, id, match?.rest ?? "", common, () => roster.isLeaving, answered);
  }

  /** A handler that throws is a defect: it is logged, and the client gets its answer all the same. */
  #failed(call: HttpCall, error: unknown): void {
    this.#http.node.logger.error({ err: error, request: call.id }, "a request failed");
    call.refuse({ code: "internal_error", detail: "the node has logged what happened" });
  }
}
