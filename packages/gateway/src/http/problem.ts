import { STATUS_CODES } from "node:http";
import { ERROR_CODES, type ErrorCode, type ErrorMessage } from "@tidegate/protocol";

/** What is wrong with a request, before it is known how it is answered. */
export interface Problem {
  readonly code: ErrorCode;
  /** For a person. */
  readonly detail: string;
  /** Milliseconds after which the same request may succeed. */
  readonly retryAfter?: number | undefined;
  readonly channel?: string | undefined;
  /** What a backend that refused said. */
  readonly service?: unknown;
}

type Headers = Readonly<Record<string, string>>;

export const PROBLEM_TYPE = "application/problem+json";

/** The problem that an error message of the protocol tells. */
export function problemOf({ code, message, retryAfter, channel, detail }: ErrorMessage): Problem {
  return { code: code as ErrorCode, detail: message, retryAfter, channel, service: detail };
}

export function problemStatus({ code }: Problem): number {
  return ERROR_CODES[code].status;
}

/** The body of RFC 9457. */
export function problemBody(problem: Problem, requestId: string): string {
  const { code, detail, retryAfter, channel, service } = problem;
  const { status, retryable } = ERROR_CODES[code];
  return JSON.stringify({
    type: `urn:tidegate:error:${code}`,
    title: STATUS_CODES[status],
    status,
    detail,
    code,
    retryable,
    requestId,
    retryAfter,
    channel,
    service,
  });
}

/** Headers that go with a problem. */
export function problemHeaders(problem: Problem): Headers {
  const { retryAfter } = problem;
  return {
    "content-type": PROBLEM_TYPE,
    "cache-control": "no-store",
    ...(retryAfter === undefined ? {} : { "retry-after": String(Math.max(1, Math.ceil(retryAfter / 1000))) }),
    ...(problemStatus(problem) === 401 ? { "www-authenticate": challenge(problem.code) } : {}),
  };
}

/** RFC 6750 section 3: an error is named only if there was a token. */
function challenge(code: ErrorCode): string {
  return code === "token_missing" ? "Bearer" : 'Bearer error="invalid_token"';
}
