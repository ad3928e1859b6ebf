/** The nodes under test, `http://host:port` each; set by `npm run load`, or by `-e GATEWAYS=…`. */
const GATEWAYS: readonly string[] = (__ENV["GATEWAYS"] ?? "http://127.0.0.1:4080").split(",");

/** The address of a node for HTTP; clients with different numbers spread over all of them. */
export function httpUrl(client: number, path: string): string {
  return `${GATEWAYS[client % GATEWAYS.length] ?? ""}${path}`;
}

/** The same for WebSocket. */
export function webSocketUrl(client: number): string {
  return httpUrl(client, "/v1/ws").replace(/^http/, "ws");
}
