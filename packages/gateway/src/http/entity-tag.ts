import { createHash } from "node:crypto";
import type { HttpCall } from "./http-call.ts";

/** Not shared by users, and asked about each time; what may differ by cookie, token and page is told. */
const CACHING = { "cache-control": "private, no-cache" };

/**
 * Answers with a body that the client may keep, or by 304 if it has an equal one.
 *
 * @param essence what makes two bodies equal, perhaps less than all of them: hence the tag is a weak one.
 */
export function answerCacheable(call: HttpCall, body: string, essence: string): void {
  const tag = `W/"${createHash("sha1").update(essence).digest("base64url")}"`;
  const headers = { ...CACHING, etag: tag };
  if (names(call.head.headers["if-none-match"], tag)) {
    call.answerEmpty(304, headers);
  } else {
    call.answer(body, headers);
  }
}

/** By weak comparison (RFC 9110 section 13.1.2). `*` is left out: there is no resource that either exists or not. */
function names(ifNoneMatch: string, tag: string): boolean {
  return ifNoneMatch.split(",").some((candidate) => weak(candidate.trim()) === tag);
}

function weak(tag: string): string {
  return tag.startsWith("W/") ? tag : `W/${tag}`;
}
