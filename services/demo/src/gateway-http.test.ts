import { expect, test } from "vitest";

interface GatewayHttp {
  readonly readRetryAfter: (value: string | null, now: number) => number | undefined;
}

const { readRetryAfter }: GatewayHttp = await import(
  new URL("../page/gateway-http.js", import.meta.url).href
);

const NOW = Date.UTC(2030, 0, 1, 12, 0, 0);

test.each([
  ["3", 3000],
  ["0", 0],
  ["Tue, 01 Jan 2030 12:00:05 GMT", 5000],
  ["Tue, 01 Jan 2030 11:00:00 GMT", 0],
  ["soon", undefined],
  ["", undefined],
  [null, undefined],
])("Retry-After %j is a wait of %j ms", (value, expected) => {
  expect(readRetryAfter(value, NOW)).toBe(expected);
});
