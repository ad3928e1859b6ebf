import type { History } from "@tidegate/protocol";
import { readPage } from "./read-page.ts";
import { type Answer, errorAnswer, type Session } from "./session.ts";

/** Reads a page of a channel's history. `undefined`: the connection ended meanwhile. */
export function history(session: Session, message: History): Promise<Answer | undefined> | Answer {
  const { id } = message;
  const { limits } = session.context;
  if (session.isLeaving) {
    // As for requests: else a client that goes on asking would hold up the drain.
    return errorAnswer(id, "broker_unavailable", "the node is leaving; ask again on the next connection");
  }
  if (session.requestsInFlight >= limits.requestsInFlight) {
    return errorAnswer(id, "request_limit", `at most ${limits.requestsInFlight} requests may be unanswered`);
  }
  return answer(session, message);
}

async function answer(session: Session, message: History): Promise<Answer | undefined> {
  const { id } = message;
  const result = await readPage(session, message);
  if (session.isClosed) {
    return undefined;
  }
  return result.ok
    ? { type: "encoded", frame: `{"type":"page","id":${id},${result.fields}}`, binary: false }
    : errorAnswer(id, result.code, result.message, { channel: message.channel });
}
