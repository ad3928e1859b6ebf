import { readInbound } from "../src/connection/inbound-message.ts";
import { dispatch } from "../src/handlers/dispatch.ts";
import type { Answer } from "../src/handlers/session.ts";
import { type FakeNode, type FakeNodeOptions, fakeNode } from "./fake-node.ts";
import { FakeSession } from "./fake-session.ts";

/** A message of a client, right or wrong. */
interface ClientFrame {
  readonly id?: unknown;
  readonly [field: string]: unknown;
}

export interface HandlerFixture extends FakeNode {
  readonly session: FakeSession;
  /** Handles a message; resolves to what the session got with its id, as the answer of the handler or as a notice. */
  send(message: ClientFrame): Promise<Answer | undefined>;
  /** The same with a binary frame. */
  sendBinary(header: object, payload: readonly number[] | string): Promise<Answer | undefined>;
}

export function handlerFixture(options: FakeNodeOptions = {}): HandlerFixture {
  const node = fakeNode(options);
  const session = new FakeSession(node.context);
  const sendFrame = (frame: Parameters<typeof readInbound>[0]): ReturnType<typeof dispatch> => {
    const { decoded, source } = readInbound(frame);
    if (!decoded.ok) {
      throw new TypeError(decoded.message);
    }
    return dispatch(session, decoded.message, source);
  };
  const send = async (message: ClientFrame): Promise<Answer | undefined> => {
    const text = JSON.stringify(message);
    const answer = await sendFrame({ kind: "text", text, bytes: text.length });
    return answer ?? session.notices.find((notice) => "id" in notice && notice.id === message.id);
  };
  const sendBinary = async (
    header: object,
    payload: readonly number[] | string,
  ): Promise<Answer | undefined> => {
    const body = Buffer.concat([Buffer.from(`${JSON.stringify(header)}\n`), Buffer.from(payload as string)]);
    return sendFrame({ kind: "binary", body, bytes: body.length });
  };
  return { ...node, session, send, sendBinary };
}

/** An answer as the client reads it. */
export function bodyOf(answer: Answer | undefined): unknown {
  return answer?.type === "encoded" ? JSON.parse(String(answer.frame)) : answer;
}
