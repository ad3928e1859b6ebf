import { createHmac } from "node:crypto";
import { HOOK_SECRETS } from "../stack/webhook-environment.ts";
import { choose } from "./chance.ts";
import { pause } from "./pause.ts";

const PAUSE_MS = 150;
const LIMIT_MS = 5000;

interface Delivery {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** Third parties that deliver webhooks: most rightly, some twice, some with a signature that is none. */
export async function sendHooks(address: string, signal: AbortSignal): Promise<void> {
  let count = 0;
  while (!signal.aborted) {
    count += 1;
    const body = JSON.stringify({ type: "order.paid", count, note: "n".repeat(400) });
    const delivery = choose<() => Delivery>([
      [20, () => standard(`msg_${count}`, body)],
      [2, () => standard("msg_1", body)],
      [8, () => github(`${count}`, body)],
      [1, () => ({ ...standard(`msg_${count}`, "forged") })],
      [1, () => ({ path: "/hooks/nobody", headers: {} })],
    ])?.();
    try {
      const response = await fetch(`${address}${delivery?.path}`, {
        method: "POST",
        headers: { "content-type": "application/json", ...delivery?.headers },
        body,
        signal: AbortSignal.timeout(LIMIT_MS),
      });
      await response.arrayBuffer();
    } catch {
      // Down, or too slow; a sender comes again, and so does the next one here.
    }
    await pause(PAUSE_MS, signal);
  }
}

function standard(id: string, body: string): Delivery {
  const timestamp = String(Math.floor(Date.now() / 1000));
  const key = Buffer.from(HOOK_SECRETS.shop.slice("whsec_".length), "base64");
  const digest = createHmac("sha256", key).update(`${id}.${timestamp}.${body}`).digest("base64");
  return {
    path: "/hooks/shop",
    headers: { "webhook-id": id, "webhook-timestamp": timestamp, "webhook-signature": `v1,${digest}` },
  };
}

function github(id: string, body: string): Delivery {
  const digest = createHmac("sha256", HOOK_SECRETS.ci).update(body).digest("hex");
  return {
    path: "/hooks/ci",
    headers: { "x-github-event": "push", "x-github-delivery": id, "x-hub-signature-256": `sha256=${digest}` },
  };
}
