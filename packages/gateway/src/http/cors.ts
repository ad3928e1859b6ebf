import type { OriginPolicy } from "../origin-policy.ts";
import type { RequestHead } from "./http-exchange.ts";

type Headers = Readonly<Record<string, string>>;

/** What a page may send besides what every page may (Fetch standard, section 2.2.2). */
const ALLOWED_HEADERS =
  "Authorization, Cache-Control, Content-Type, Idempotency-Key, If-None-Match, Last-Event-ID, Traceparent, Tracestate, X-Request-Id";
const EXPOSED_HEADERS = "ETag, Retry-After, X-Request-Id";
/** Browsers cap it, Chromium at 2 hours. */
const PREFLIGHT_SECONDS = "7200";

/**
 * Headers by which the page of an allowed origin may read the answer; with credentials only if the origin is listed, since
 * otherwise any page could act with its visitor's cookies.
 */
export function corsHeaders(origins: OriginPolicy, { headers: { origin, host } }: RequestHead): Headers {
  if (origin === "" || !origins.allows(origin, host)) {
    return {};
  }
  return {
    "access-control-allow-origin": origin,
    ...(origins.allowsCookies(origin, host) ? { "access-control-allow-credentials": "true" } : {}),
    "access-control-expose-headers": EXPOSED_HEADERS,
  };
}

/** What a preflight is told besides. */
export function preflightHeaders(methods: string): Headers {
  return {
    "access-control-allow-methods": methods,
    "access-control-allow-headers": ALLOWED_HEADERS,
    "access-control-max-age": PREFLIGHT_SECONDS,
  };
}
