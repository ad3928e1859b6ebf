/** An answer to a request at `/hooks`, before it is one of HTTP. */
export interface HookReply {
  readonly status: 200 | 401 | 404 | 405 | 413 | 415 | 422 | 503;
  readonly contentType: string;
  readonly text: string;
  readonly headers: Readonly<Record<string, string>>;
}

const PLAIN = "text/plain; charset=utf-8";
const RETRY_AFTER_SECONDS = 5;

function plain(status: HookReply["status"], text: string, headers: HookReply["headers"] = {}): HookReply {
  return Object.freeze({ status, contentType: PLAIN, text, headers });
}

/**
 * Every answer there is but to challenges. One for whatever is wrong with a signature: who makes them up learns nothing. The owner
 * finds the reason in the log.
 */
export const REPLIES = {
  accepted: plain(200, ""),
  refused: plain(401, "not accepted\n"),
  notFound: plain(404, "not found\n"),
  notPost: plain(405, "use POST\n", { allow: "POST" }),
  tooLarge: plain(413, "too large\n"),
  contentType: plain(415, "this content type or encoding is not taken here\n"),
  malformed: plain(422, "the body cannot be read\n"),
  unavailable: plain(503, "try again\n", { "retry-after": String(RETRY_AFTER_SECONDS) }),
} as const;

/** @param text from a request that is known to be genuine. */
export function answer(text: string, contentType: string = PLAIN): HookReply {
  return { status: 200, contentType, text, headers: {} };
}
