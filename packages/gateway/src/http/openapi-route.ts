import { OPENAPI } from "./openapi/document.ts";
import type { Route } from "./route.ts";

const BODY = JSON.stringify(OPENAPI);

/** `GET /v1/openapi.json`: what of HTTP a node serves. */
export const openApiRoute: Route = {
  path: "/v1/openapi.json",
  method: "GET",
  handle: (call) => call.answer(BODY, { "cache-control": "public, max-age=300" }),
};
