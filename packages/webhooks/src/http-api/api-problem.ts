import { STATUS_CODES } from "node:http";
import type { ZodError } from "zod";
import { WebhooksError } from "../webhooks-error.ts";

/** Everything that a request can come to besides success, with its status. */
export const API_PROBLEMS = {
  malformed: 400,
  invalid: 422,
  token_missing: 401,
  token_invalid: 401,
  token_expired: 401,
  forbidden: 403,
  not_found: 404,
  method_not_allowed: 405,
  revision_conflict: 412,
  too_large: 413,
  unsupported_media_type: 415,
  revision_required: 428,
  internal_error: 500,
  unavailable: 503,
} as const;
export type ApiProblemCode = keyof typeof API_PROBLEMS;

/** One field of a body that is not as it has to be. */
export interface FieldProblem {
  /** Names separated by dots: `channels.0`. Empty for the body as a whole. */
  readonly field: string;
  readonly message: string;
}

/** Ends a request with a problem (RFC 9457). The detail is for the caller: it says what to change. */
export class ApiProblem extends Error {
  override readonly name = "ApiProblem";
  readonly code: ApiProblemCode;
  readonly errors: readonly FieldProblem[] | undefined;

  constructor(code: ApiProblemCode, detail: string, errors?: readonly FieldProblem[]) {
    super(detail);
    this.code = code;
    this.errors = errors;
  }

  get status(): number {
    return API_PROBLEMS[this.code];
  }

  body(): object {
    const { code, status, message: detail, errors } = this;
    return { type: `urn:tidegate:error:${code}`, title: STATUS_CODES[status], status, detail, code, errors };
  }
}

export function invalidBody(error: ZodError): ApiProblem {
  const errors = error.issues.flatMap((issue): FieldProblem[] => {
    const field = issue.path.map(String).join(".");
    if (issue.code !== "unrecognized_keys") return [{ field, message: issue.message }];
    return issue.keys.map((key) => ({
      field: [field, key].filter(Boolean).join("."),
      message: "is not known",
    }));
  });
  const [first] = errors;
  const where = first === undefined || first.field === "" ? "the body" : first.field;
  return new ApiProblem("invalid", `${where}: ${first?.message ?? "is not valid"}`, errors);
}

/** What of an exception the caller may know. */
export function problemOf(error: unknown): ApiProblem {
  if (error instanceof ApiProblem) return error;
  if (error instanceof WebhooksError && error.code === "conflict") {
    return new ApiProblem("revision_conflict", error.message);
  }
  if (error instanceof WebhooksError && error.code === "unavailable") {
    return new ApiProblem("unavailable", "the store does not answer now; try again");
  }
  return new ApiProblem("internal_error", "this should not have happened; the log of the service says more");
}
