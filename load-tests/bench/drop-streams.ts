import { connectPlainNats } from "@tidegate/testkit";
import { LoadTestError } from "../load-test-error.ts";

const API = "$JS.API.STREAM";

/**
 * Deletes every stream of a NATS server that is there for the load test alone.
 *
 * @throws LoadTestError `server_failed` if one is still there.
 */
export async function dropStreams(natsUrl: string): Promise<void> {
  const nats = await connectPlainNats(natsUrl);
  try {
    const listed: unknown = (await nats.request(`${API}.NAMES`)).json();
    for (const name of namesIn(listed)) {
      const answer: unknown = (await nats.request(`${API}.DELETE.${name}`)).json();
      if (typeof answer !== "object" || answer === null || !("success" in answer)) {
        throw new LoadTestError("server_failed", `the stream ${name} cannot be deleted`);
      }
    }
  } finally {
    await nats.close();
  }
}

function namesIn(answer: unknown): readonly string[] {
  const streams: unknown =
    typeof answer === "object" && answer !== null && "streams" in answer ? answer.streams : [];
  return Array.isArray(streams) ? streams.filter((name) => typeof name === "string") : [];
}
