import type { IncomingMessage } from "node:http";

/** Far more than a name or a line of chat takes. */
const MAX_BODY_BYTES = 8192;

export type JsonBody =
  | { readonly ok: true; readonly fields: Readonly<Record<string, unknown>> }
  | { readonly ok: false; readonly status: 400 | 413; readonly message: string };

/** Reads a request body that must be a JSON object. Rejects only if the client goes away while sending it. */
export async function readJsonBody(request: IncomingMessage): Promise<JsonBody> {
  const chunks: Buffer[] = [];
  let length = 0;
  // Destroying the request would take the socket with it, over which the refusal must still go.
  const body: AsyncIterable<Buffer> = request.iterator({ destroyOnReturn: false });
  for await (const chunk of body) {
    length += chunk.length;
    if (length > MAX_BODY_BYTES) {
      return { ok: false, status: 413, message: `The body is larger than ${MAX_BODY_BYTES} bytes.` };
    }
    chunks.push(chunk);
  }
  try {
    const value: unknown = JSON.parse(Buffer.concat(chunks).toString("utf8"));
    if (typeof value === "object" && value !== null && !Array.isArray(value)) {
      return { ok: true, fields: { ...value } };
    }
  } catch {
    // Said below, as for every other body that is no object.
  }
  return { ok: false, status: 400, message: "The body must be a JSON object." };
}
