import { type CallHandler, type ServiceCall, ServiceError } from "@tidegate/broker";
import { answerQuestion } from "./bot.ts";
import type { NoticeBoard } from "./notice-board.ts";

/** Longer questions are cut: the bot reads only for a word it knows. */
const LONGEST_QUESTION = 500;

type Method = (call: ServiceCall) => Uint8Array;

/**
 * Answers requests under `rpc.demo.>`. The handler throws ServiceError `404` for a method that the demo does not have,
 * `400` for a payload it cannot use, `503` while nothing can be published.
 */
export function demoMethods(notices: Pick<NoticeBoard, "post">): CallHandler {
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

function questionOf({ payload }: ServiceCall): string {
  try {
    const value: unknown = JSON.parse(Buffer.from(payload).toString("utf8"));
    if (typeof value === "object" && value !== null && "text" in value && typeof value.text === "string") {
      return value.text.slice(0, LONGEST_QUESTION);
    }
  } catch {
    // Not JSON; answered like JSON of another shape.
  }
  throw new ServiceError("400", 'the bot reads questions of the form {"text": "what time is it?"}');
}

function encode(value: unknown): Uint8Array {
  return Buffer.from(JSON.stringify(value));
}
