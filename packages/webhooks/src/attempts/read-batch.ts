import type { DirectBatchOptions, JetStreamManager, StoredMsg } from "@nats-io/jetstream";

/** There is nothing from the start on. */
const NOT_FOUND = 404;

/**
 * Reads messages of a stream by one request, in order. The callback form: the iterator of nats.js leaves its subscription behind for seconds.
 *
 * @returns empty if there are none. Rejects when NATS does not answer.
 */
export async function readBatch(
  jsm: JetStreamManager,
  stream: string,
  options: Omit<DirectBatchOptions, "callback">,
): Promise<readonly StoredMsg[]> {
  const found: StoredMsg[] = [];
  return await new Promise<readonly StoredMsg[]>((resolve, reject) => {
    const callback: NonNullable<DirectBatchOptions["callback"]> = (done, message) => {
      if (done === null) found.push(message);
      else if (done.err === undefined || isNotFound(done.err)) resolve(found);
      else reject(done.err);
    };
    jsm.direct.getBatch(stream, { ...options, callback } as DirectBatchOptions).catch(reject);
  });
}

function isNotFound(error: Error): boolean {
  return "code" in error && error.code === NOT_FOUND;
}
