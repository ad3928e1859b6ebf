import type { FetchText } from "./paypal-certificates.ts";

const TIMEOUT_MS = 2_000;

/** Fetches over HTTPS with the system's authorities; only for addresses that were checked before. */
export const fetchCertificate: FetchText = async (url, maxBytes) => {
  const response = await fetch(url, { redirect: "error", signal: AbortSignal.timeout(TIMEOUT_MS) });
  if (!response.ok || response.body === null) {
    await response.body?.cancel();
    throw new Error(`status ${response.status}`);
  }
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of response.body) {
    length += chunk.length;
    if (length > maxBytes) throw new Error("the answer is too large");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("latin1");
};
