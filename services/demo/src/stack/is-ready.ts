import { get } from "node:http";

const ANSWER_TIMEOUT_MS = 2000;

/** Whether this address answers 200 now. Never rejects. */
export function isReady(url: string): Promise<boolean> {
  return new Promise((resolve) => {
    // No agent: a connection kept for the next question would hold up the process that is asked when it stops.
    const request = get(url, { agent: false, timeout: ANSWER_TIMEOUT_MS }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    request.on("timeout", () => request.destroy());
    request.on("error", () => resolve(false));
  });
}
