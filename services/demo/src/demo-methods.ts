import { type CallHandler, type ServiceCall, ServiceError } from "@tidegate/broker";
import { answerQuestion } from "./bot.ts";
import { CALLBACK_SENDERS, type CallbackSender } from "./callback-sender.ts";
import type { FlakyEndpoint } from "./flaky-endpoint.ts";
import type { NoticeBoard } from "./notice-board.ts";

/** Longer questions are cut: the bot reads only for a word it knows. */
const LONGEST_QUESTION = 500;

type Method = (call: ServiceCall) => Uint8Array | Promise<Uint8Array>;

/**
 * Answers requests under `rpc.demo.>`. The handler throws ServiceError `404` for a method that the demo does not have,
 * `400` for a payload it cannot use, `503` while nothing can be published or called.
 *
 * @param callbacks undefined where there is no webhook process.
 * @param endpoint undefined likewise.
 */
export function demoMethods(
  notices: Pick<NoticeBoard, "post">,
  callbacks: Pick<CallbackSender, "send"> | undefined,
  endpoint: Pick<FlakyEndpoint, "attempts"> | undefined,
): CallHandler {
  const methods: ReadonlyMap<string, Method> = new Map<string, Method>([
    ["demo.echo", (call) => call.payload],
    ["demo.time", () => encode({ time: new Date().toISOString() })],
    [
      "demo.bot",
      (call) =>
        encode({
          text: answerQuestion(questionOf(call), { user: call.user, now: new Date(), random: Math.random }),
        }),
    ],
    ["demo.notify", () => encode(postNotice(notices))],
    ["demo.attempts", async () => encode({ attempts: await attemptsOf(endpoint) })],
    ["demo.callback", async (call) => encode(await sendCallback(call, callbacks))],
  ]);
  return (call) => {
    const method = methods.get(call.method);
    if (method === undefined) {
      throw new ServiceError("404", `the demo has ${[...methods.keys()].join(", ")}, but no ${call.method}`);
    }
    return method(call);
  };
}

function postNotice(notices: Pick<NoticeBoard, "post">): object {
  const notice = notices.post();
  if (notice === undefined) {
    throw new ServiceError("503", "NATS takes nothing from the demo backend now");
  }
  return notice;
}

async function attemptsOf(endpoint: Pick<FlakyEndpoint, "attempts"> | undefined) {
  try {
    return (await endpoint?.attempts()) ?? [];
  } catch {
    throw new ServiceError("503", "the webhook process is out of reach");
  }
}

async function sendCallback(
  call: ServiceCall,
  callbacks: Pick<CallbackSender, "send"> | undefined,
): Promise<object> {
  const asked = textField(call, "sender");
  const sender = CALLBACK_SENDERS.find((known) => known === asked);
  if (sender === undefined) {
    throw new ServiceError("400", `"sender" is one of ${CALLBACK_SENDERS.join(", ")}`);
  }
  if (callbacks === undefined) {
    throw new ServiceError("503", "the demo backend was not told where /hooks is");
  }
  try {
    return { sender, ...(await callbacks.send(sender)) };
  } catch {
    throw new ServiceError("503", "the webhook process is out of reach");
  }
}

function questionOf(call: ServiceCall): string {
  const text = textField(call, "text");
  if (text === undefined) {
    throw new ServiceError("400", 'the bot reads questions of the form {"text": "what time is it?"}');
  }
  return text.slice(0, LONGEST_QUESTION);
}

function textField({ payload }: ServiceCall, name: string): string | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(payload).toString("utf8"));
    const field: unknown = typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined;
    return typeof field === "string" ? field : undefined;
  } catch {
    return undefined;
  }
}

function encode(value: unknown): Uint8Array {
  return Buffer.from(JSON.stringify(value));
}
