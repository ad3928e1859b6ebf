import type { IncomingMessage, ServerResponse } from "node:http";
import type { ApiCaller, Authorize } from "./api-caller.ts";
import { ApiProblem, problemOf } from "./api-problem.ts";
import type { ApiAnswer, ApiRoute } from "./api-route.ts";
import { readJson } from "./json-body.ts";
import { openApiOf } from "./openapi.ts";

export interface WebhookApiOptions {
  readonly routes: readonly ApiRoute[];
  readonly authorize: Authorize;
  readonly onAnswer: (status: number) => void;
  /** An error that is nobody's fault but ours. */
  readonly onError: (error: unknown) => void;
}

interface Compiled {
  readonly route: ApiRoute;
  readonly pattern: RegExp;
}

const OPENAPI_PATH = "/v1/webhooks/openapi.json";
const PROBLEM_TYPE = "application/problem+json";
const ETAG = /^"(\d{1,15})"$/;

/** Answers requests to `/v1/webhooks`. */
export class WebhookApi {
  readonly #options: WebhookApiOptions;
  readonly #routes: readonly Compiled[];
  readonly #openApi: object;

  constructor(options: WebhookApiOptions) {
    this.#options = options;
    this.#openApi = openApiOf(options.routes);
    this.#routes = options.routes.map((route) => ({
      route,
      pattern: new RegExp(`^${route.path.replace(/\{(\w+)\}/g, "(?<$1>[^/]+)")}$`),
    }));
  }

  /** The document that `GET /v1/webhooks/openapi.json` answers. */
  get openApi(): object {
    return this.#openApi;
  }

  /** Whether a path is one of this API's. */
  serves(path: string): boolean {
    return path === "/v1/webhooks" || path.startsWith("/v1/webhooks/");
  }

  /** Never rejects. */
  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { onAnswer, onError } = this.#options;
    try {
      const answer = await this.#answer(request);
      onAnswer(answer.status);
      sendAnswer(response, answer);
    } catch (error) {
      const problem = problemOf(error);
      if (problem.status >= 500) onError(error);
      onAnswer(problem.status);
      sendProblem(request, response, problem);
    }
  }

  async #answer(request: IncomingMessage): Promise<ApiAnswer> {
    const url = URL.parse(request.url ?? "/", "http://api");
    if (url === null) throw new ApiProblem("not_found", "there is nothing here");
    if (url.pathname === OPENAPI_PATH && request.method === "GET")
      return { status: 200, body: this.#openApi };
    const { route, parameters } = this.#find(request.method ?? "", url.pathname);
    const caller = await this.#authorize(request);
    if (!caller.may(route.action)) {
      throw new ApiProblem("forbidden", `the token does not grant to request webhooks.${route.action}`);
    }
    const revision = revisionOf(request, route);
    const body = route.body === undefined ? undefined : await readJson(request, route.bodyOptional === true);
    return await route.handle({ caller, parameters, query: url.searchParams, body, revision });
  }

  #find(method: string, path: string): { route: ApiRoute; parameters: Record<string, string> } {
    const allowed: string[] = [];
    for (const { route, pattern } of this.#routes) {
      const match = pattern.exec(path);
      if (match === null) continue;
      if (route.method === method) return { route, parameters: { ...match.groups } };
      allowed.push(route.method);
    }
    if (allowed.length === 0) throw new ApiProblem("not_found", "there is nothing here");
    throw new ApiProblem("method_not_allowed", `use ${allowed.join(", ")}`);
  }

  async #authorize(request: IncomingMessage): Promise<ApiCaller> {
    const [, token] = /^bearer +(\S+)$/i.exec(request.headers.authorization ?? "") ?? [];
    if (token === undefined) throw new ApiProblem("token_missing", "send a token: Authorization: Bearer …");
    const authorization = await this.#options.authorize(token);
    if (!authorization.ok) throw new ApiProblem(authorization.code, authorization.detail);
    return authorization.caller;
  }
}

function revisionOf(request: IncomingMessage, { ifMatch }: ApiRoute): number | undefined {
  const text = request.headers["if-match"];
  if (ifMatch === undefined) return undefined;
  if (text === undefined) {
    if (ifMatch === "optional") return undefined;
    throw new ApiProblem("revision_required", "send If-Match with the ETag of what you replace");
  }
  const [, digits] = ETAG.exec(text) ?? [];
  if (digits === undefined) throw new ApiProblem("malformed", "If-Match must hold one ETag as it was given");
  return Number(digits);
}

function sendAnswer(response: ServerResponse, { status, body, revision, location }: ApiAnswer): void {
  const text = body === undefined ? "" : JSON.stringify(body);
  response.writeHead(status, {
    ...(body === undefined ? {} : { "content-type": "application/json" }),
    ...(status === 204 ? {} : { "content-length": Buffer.byteLength(text) }),
    ...(revision === undefined ? {} : { etag: `"${revision}"` }),
    ...(location === undefined ? {} : { location }),
    "cache-control": "no-store",
  });
  response.end(text);
}

function sendProblem(request: IncomingMessage, response: ServerResponse, problem: ApiProblem): void {
  const text = JSON.stringify(problem.body());
  response.writeHead(problem.status, {
    "content-type": PROBLEM_TYPE,
    "content-length": Buffer.byteLength(text),
    "cache-control": "no-store",
    ...(problem.status === 401 ? { "www-authenticate": "Bearer" } : {}),
    ...(problem.status === 503 ? { "retry-after": "2" } : {}),
    ...(problem.code === "method_not_allowed" ? { allow: problem.message.replace(/^use /, "") } : {}),
    // What is left of a body is not read.
    ...(request.complete ? {} : { connection: "close" }),
  });
  response.end(text);
}
