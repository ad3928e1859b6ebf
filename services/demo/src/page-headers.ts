import type { GatewayNode } from "./gateway-node.ts";

/**
 * The headers of every answer. The page may load what lies beside it, talk to its gateways, and nothing else: a chat line that got itself taken for markup could still not run or send anything.
 */
export function pageHeaders(nodes: readonly GatewayNode[]): Readonly<Record<string, string>> {
  const gateways = nodes.flatMap(({ url }) => [url, url.replace("http", "ws")]).join(" ");
  return {
    "content-security-policy": [
      "default-src 'none'",
      "script-src 'self'",
      "style-src 'self'",
      "img-src 'self'",
      `connect-src 'self' ${gateways}`,
      "base-uri 'none'",
      "form-action 'none'",
      "frame-ancestors 'none'",
    ].join("; "),
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    // Development: an edit shows at the next reload, and no token stays behind on a disk.
    "cache-control": "no-store",
  };
}
