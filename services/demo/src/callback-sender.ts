import { createHmac, randomUUID } from "node:crypto";
import { DEVELOPMENT_HOOK_SECRETS } from "@tidegate/webhooks";

/** Whom it can play. */
export const CALLBACK_SENDERS = ["stripe", "github"] as const;
export type CallbackSenderName = (typeof CALLBACK_SENDERS)[number];

/** What became of a callback. */
export interface SentCallback {
  readonly id: string;
  /** Of the answer of `/hooks`. */
  readonly status: number;
}

interface Callback {
  readonly id: string;
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
}

const TIMEOUT_MS = 5_000;
const PRODUCTS = ["a lighthouse", "two buoys", "a tide table", "a foghorn", "nine knots of rope"] as const;
const CHANGES = ["Trim the sails", "Chart the shoals", "Caulk a seam", "Swab the deck"] as const;

/** Plays third parties: signs callbacks as they do, with the development secrets, and sends them to `/hooks`. */
export class CallbackSender {
  readonly #hooks: string;
  readonly #now: () => number;

  /** @param hooks `http://host:port/hooks` */
  constructor(hooks: string, now: () => number = Date.now) {
    this.#hooks = hooks;
    this.#now = now;
  }

  /** @throws Error if the webhook process is out of reach. */
  async send(sender: CallbackSenderName): Promise<SentCallback> {
    const { id, body, headers } = sender === "stripe" ? stripePayment(this.#now()) : githubPush();
    const answer = await fetch(`${this.#hooks}/${sender}`, {
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      body,
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    await answer.text();
    return { id, status: answer.status };
  }
}

function stripePayment(nowMs: number): Callback {
  const id = `evt_${randomUUID().replaceAll("-", "")}`;
  const amount = 100 * (1 + Math.floor(Math.random() * 200));
  const object = { object: "payment_intent", amount, currency: "eur", description: oneOf(PRODUCTS) };
  const body = JSON.stringify({ id, type: "payment_intent.succeeded", data: { object } });
  const seconds = Math.floor(nowMs / 1000);
  const signature = hmac(DEVELOPMENT_HOOK_SECRETS.stripe, `${seconds}.${body}`);
  return { id, body, headers: { "stripe-signature": `t=${seconds},v1=${signature}` } };
}

function githubPush(): Callback {
  const id = randomUUID();
  const body = JSON.stringify({
    ref: "refs/heads/main",
    repository: { full_name: "harbour/pilot" },
    pusher: { name: "ada" },
    head_commit: { id: randomUUID().slice(0, 8), message: oneOf(CHANGES) },
  });
  const signature = hmac(DEVELOPMENT_HOOK_SECRETS.github, body);
  const headers = {
    "x-github-event": "push",
    "x-github-delivery": id,
    "x-hub-signature-256": `sha256=${signature}`,
  };
  return { id, body, headers };
}

function hmac(secret: string, text: string): string {
  return createHmac("sha256", secret).update(text).digest("hex");
}

function oneOf(texts: readonly string[]): string {
  return texts[Math.floor(Math.random() * texts.length)] ?? "";
}
