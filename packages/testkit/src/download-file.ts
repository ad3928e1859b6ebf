import { createHash } from "node:crypto";
import { open } from "node:fs/promises";
import { describeError } from "./describe-error.ts";
import { TestkitError } from "./testkit-error.ts";

export interface DownloadOptions {
  /** What the content must hash to, 64 hexadecimal digits. */
  readonly sha256: string;
  /** Until the answer's headers, so name lookup, connecting and redirects included. Default 6000. */
  readonly connectTimeoutMs?: number;
  /** Longest pause between two pieces of the content. Default 15000. */
  readonly idleTimeoutMs?: number;
  /** Default 128 MiB. */
  readonly maxBytes?: number;
  readonly onProgress?: ((message: string) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Downloads to a file and compares the checksum. A failure may leave a partial file, so download into a
 * directory that nobody looks into.
 *
 * @throws TestkitError `install-failed` naming the address; the reason of `signal` when it aborts.
 */
export async function downloadFile(url: string, path: string, options: DownloadOptions): Promise<void> {
  const { sha256, connectTimeoutMs = 6000, idleTimeoutMs = 15_000, maxBytes = 128 * 2 ** 20 } = options;
  const patience = new AbortController();
  const giveUpAfter = (milliseconds: number, what: string) =>
    setTimeout(() => patience.abort(new Error(`${what} for ${milliseconds} ms`)), milliseconds);
  const signal =
    options.signal === undefined ? patience.signal : AbortSignal.any([patience.signal, options.signal]);

  let timer = giveUpAfter(connectTimeoutMs, "no answer");
  try {
    const response = await fetch(url, { signal, redirect: "follow" });
    if (!response.ok || response.body === null) {
      await response.body?.cancel();
      throw new Error(`HTTP status ${response.status}`);
    }
    const total = Number(response.headers.get("content-length") ?? 0);
    const reportProgress = progressReporter(total, options.onProgress);
    const hash = createHash("sha256");
    let received = 0;
    const file = await open(path, "w");
    try {
      for await (const chunk of response.body) {
        clearTimeout(timer);
        timer = giveUpAfter(idleTimeoutMs, "no data");
        received += chunk.byteLength;
        if (received > maxBytes) throw new Error(`more than ${maxBytes} bytes`);
        hash.update(chunk);
        await file.write(chunk);
        reportProgress(received);
      }
    } finally {
      await file.close();
    }
    const actual = hash.digest("hex");
    if (actual !== sha256.toLowerCase()) {
      throw new Error(`its SHA-256 is ${actual}, expected ${sha256}`);
    }
  } catch (error) {
    options.signal?.throwIfAborted();
    throw new TestkitError("install-failed", `cannot download ${url}: ${describeError(error)}`, {
      cause: error,
    });
  } finally {
    clearTimeout(timer);
  }
}

/** Says how far it is at every tenth of the whole, or every 4 MiB where the size is not known. */
function progressReporter(total: number, onProgress: ((message: string) => void) | undefined) {
  const step = total > 0 ? total / 10 : 4 * 2 ** 20;
  let next = step;
  return (received: number): void => {
    if (received < next) return;
    while (next <= received) next += step;
    const mebibytes = (received / 2 ** 20).toFixed(1);
    onProgress?.(total > 0 ? `${Math.round((received / total) * 100)}%` : `${mebibytes} MiB`);
  };
}
