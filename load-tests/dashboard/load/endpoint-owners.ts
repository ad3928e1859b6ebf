import { type LocalSink, startLocalSink } from "../../webhooks/local-sink.ts";
import { pause } from "./pause.ts";

const PAUSE_MS = 700;
const LIMIT_MS = 5000;
/** Deliveries that it takes before. */
const GONE_AFTER = 200;

/** Endpoints of customers by how they answer: `undefined` is not at all. */
function answers(): (path: string) => number | undefined {
  const counts = new Map<string, number>();
  return (path) => {
    const attempts = (counts.get(path) ?? 0) + 1;
    counts.set(path, attempts);
    if (path === "/hangs") return undefined;
    if (path === "/fails") return 500;
    if (path === "/flaky") return attempts % 3 === 0 ? 503 : 204;
    if (path === "/gone") return attempts > GONE_AFTER ? 410 : 204;
    return 204;
  };
}

/** Starts the customers' servers, and makes their endpoints known. */
export async function openEndpoints(api: string, token: string): Promise<LocalSink> {
  const answer = answers();
  const sink = await startLocalSink(({ path }) => answer(path));
  for (const [path, channel] of [
    ["/well", "chat.room-0"],
    ["/also-well", "chat.>"],
    ["/flaky", "chat.room-1"],
    ["/fails", "chat.room-2"],
    ["/hangs", "chat.room-3"],
    ["/gone", "chat.room-4"],
  ]) {
    await call(api, token, "POST", { url: `${sink.url}${path}`, channels: [channel] });
  }
  return sink;
}

/** Looks at the endpoints again and again, at times with a token that is no good, or one that is not there. */
export async function lookAtEndpoints(
  api: string,
  tokens: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  for (let look = 0; !signal.aborted; look += 1) {
    await call(api, tokens[look % tokens.length] ?? "", "GET").catch(() => {
      // Away; it is asked again.
    });
    await pause(PAUSE_MS, signal);
  }
}

async function call(api: string, token: string, method: "GET" | "POST", body?: object): Promise<void> {
  const response = await fetch(`${api}/v1/webhooks/endpoints`, {
    method,
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(LIMIT_MS),
  });
  await response.arrayBuffer();
}
