import type { IncomingMessage } from "node:http";
import { ApiProblem } from "./api-problem.ts";

const MAX_BODY_BYTES = 262_144;
const decoder = new TextDecoder("utf-8", { fatal: true });

/**
 * Reads and parses a body.
 *
 * @returns undefined if there is none and that is allowed.
 * @throws ApiProblem `too_large`, `unsupported_media_type` or `malformed`.
 */
export async function readJson(request: IncomingMessage, optional: boolean): Promise<unknown> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request) {
    bytes += chunk.length;
    if (bytes > MAX_BODY_BYTES) {
      throw new ApiProblem("too_large", `a body has at most ${MAX_BODY_BYTES} bytes`);
    }
    chunks.push(chunk);
  }
  if (bytes === 0 && optional) return undefined;
  const type = (request.headers["content-type"] ?? "").split(";", 1)[0]?.trim().toLowerCase();
  if (type !== "application/json") {
    throw new ApiProblem("unsupported_media_type", "send JSON, with content-type application/json");
  }
  try {
    return JSON.parse(decoder.decode(Buffer.concat(chunks)));
  } catch {
    throw new ApiProblem("malformed", "the body is not JSON");
  }
}
