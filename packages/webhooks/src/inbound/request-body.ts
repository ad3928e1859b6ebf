import type { IncomingMessage } from "node:http";

export type RequestBody =
  | { readonly kind: "read"; readonly bytes: Buffer }
  | { readonly kind: "too_large" }
  | { readonly kind: "no_room" }
  /** The sender went away. */
  | { readonly kind: "broken" };

/** Bytes of bodies that are in memory at the same time, of all requests together. */
export class BodyRoom {
  readonly #maxBytes: number;
  #taken = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get taken(): number {
    return this.#taken;
  }

  /** Whether there was room for so many more; give them back with {@link release}. */
  take(bytes: number): boolean {
    if (this.#taken + bytes > this.#maxBytes) return false;
    this.#taken += bytes;
    return true;
  }

  release(bytes: number): void {
    this.#taken -= bytes;
  }
}

/**
 * Reads a body of at most `maxBytes`, exactly as it came. The bytes that are read stay taken from `room` until the caller calls
 * `release` with their length; after any other outcome nothing is taken. Never rejects.
 */
export async function readBody(
  request: IncomingMessage,
  maxBytes: number,
  room: BodyRoom,
): Promise<RequestBody> {
  const announced = Number(request.headers["content-length"] ?? 0);
  if (announced > maxBytes) return { kind: "too_large" };
  const chunks: Buffer[] = [];
  let length = 0;
  const leave = (kind: "too_large" | "no_room" | "broken"): RequestBody => {
    room.release(length);
    return { kind };
  };
  try {
    // Destroying the request would take the socket with it, over which the answer must still go.
    const body: AsyncIterable<Buffer> = request.iterator({ destroyOnReturn: false });
    for await (const chunk of body) {
      if (length + chunk.length > maxBytes) return leave("too_large");
      if (!room.take(chunk.length)) return leave("no_room");
      length += chunk.length;
      chunks.push(chunk);
    }
  } catch {
    return leave("broken");
  }
  const [only] = chunks;
  return { kind: "read", bytes: chunks.length === 1 && only !== undefined ? only : Buffer.concat(chunks) };
}
