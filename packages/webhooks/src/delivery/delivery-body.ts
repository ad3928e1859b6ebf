import type { PayloadForm } from "../endpoints/endpoint.ts";
import type { WebhookMessage } from "../queue/webhook-message.ts";

/** What is sent, and how it is announced. */
export interface DeliveryBody {
  readonly bytes: Uint8Array;
  readonly contentType: string;
}

/** By message: all endpoints that want the same form share it. */
const bodies = new WeakMap<WebhookMessage, Map<PayloadForm, DeliveryBody>>();
const decoder = new TextDecoder("utf-8", { fatal: true });
const JSON_TYPE = "application/json";

export function deliveryBody(message: WebhookMessage, form: PayloadForm): DeliveryBody {
  let forms = bodies.get(message);
  if (forms === undefined) {
    forms = new Map();
    bodies.set(message, forms);
  }
  let body = forms.get(form);
  if (body === undefined) {
    body = form === "raw" ? rawBody(message) : envelope(message);
    forms.set(form, body);
  }
  return body;
}

function rawBody({ payload }: WebhookMessage): DeliveryBody {
  const text = textOf(payload);
  if (text === undefined) return { bytes: payload, contentType: "application/octet-stream" };
  return { bytes: payload, contentType: isJson(text) ? JSON_TYPE : "text/plain; charset=utf-8" };
}

/** The payload's own text stands in it as it is, so that numbers and the order of names are kept. */
function envelope({ payload, event, time, channel }: WebhookMessage): DeliveryBody {
  const text = textOf(payload);
  const data =
    text === undefined
      ? { data: JSON.stringify(Buffer.from(payload).toString("base64")), encoding: "base64" }
      : isJson(text)
        ? { data: text, encoding: undefined }
        : { data: JSON.stringify(text), encoding: "text" };
  const head = JSON.stringify({
    type: event ?? "message",
    timestamp: new Date(time).toISOString(),
    channel,
    encoding: data.encoding,
  });
  return { bytes: Buffer.from(`${head.slice(0, -1)},"data":${data.data}}`), contentType: JSON_TYPE };
}

function textOf(payload: Uint8Array): string | undefined {
  try {
    return decoder.decode(payload);
  } catch {
    return undefined;
  }
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
