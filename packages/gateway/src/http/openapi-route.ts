import type { Route } from "./route.ts";

/** `GET /v1/openapi.json`. */
export const openApiRoute: Route = {
  path: "/v1/openapi.json",
  method: "GET",
  handle: (call) => call.answer("{}"),
};
