import { describeError } from "@tidegate/testkit";
import { LoadTestError } from "./load-test-error.ts";

/**
 * What a server shows at `/metrics`.
 *
 * @param server whom to blame, and where to ask.
 * @throws LoadTestError `server_failed` if it does not answer within so many ms.
 */
export async function fetchMetricsPage(
  server: { readonly name: string; readonly host: string; readonly operationsPort: number },
  limitMs: number,
): Promise<string> {
  try {
    const response = await fetch(`http://${server.host}:${server.operationsPort}/metrics`, {
      // Most phases are as long as a server keeps a connection: one that is used again may be closed at that moment.
      headers: { connection: "close" },
      signal: AbortSignal.timeout(limitMs),
    });
    return await response.text();
  } catch (cause) {
    const why = describeError(cause);
    throw new LoadTestError("server_failed", `${server.name} does not answer on /metrics: ${why}`, { cause });
  }
}
