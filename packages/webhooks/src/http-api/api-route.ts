import type { ApiAction, ApiCaller } from "./api-caller.ts";
import type { ApiProblemCode } from "./api-problem.ts";

export interface ApiCall {
  readonly caller: ApiCaller;
  /** What stands in the place of `{id}` and the like. */
  readonly parameters: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  /** The parsed JSON; undefined without a body. */
  readonly body: unknown;
  /** Of `If-Match`; undefined without one. */
  readonly revision: number | undefined;
}

export interface ApiAnswer {
  readonly status: number;
  readonly body?: unknown;
  /** Sent as `ETag`. */
  readonly revision?: number | undefined;
  readonly location?: string | undefined;
}

type ApiMethod = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

/** One operation: what is served, and what the OpenAPI document says about it. */
export interface ApiRoute {
  readonly method: ApiMethod;
  /** With `{name}` for what varies. */
  readonly path: string;
  readonly operationId: string;
  readonly summary: string;
  readonly description?: string | undefined;
  readonly action: ApiAction;
  /** Names of query parameters, with what they mean. */
  readonly query?: Readonly<Record<string, string>> | undefined;
  /** JSON Schema of the body. */
  readonly body?: object | undefined;
  /** Whether a body may be left out. */
  readonly bodyOptional?: boolean | undefined;
  readonly ifMatch?: "required" | "optional" | undefined;
  readonly success: number;
  /** JSON Schema of the answer's body; none without. */
  readonly answer?: object | undefined;
  /** Besides those that every operation can come to. */
  readonly problems: readonly ApiProblemCode[];
  readonly handle: (call: ApiCall) => Promise<ApiAnswer>;
}
