import { CLOSE_CODES, SUBPROTOCOL } from "@tidegate/protocol";
import { ArrivalQueue } from "./arrival-queue.ts";
import { type Json, readObject } from "./read-message.ts";
import { PATIENCE_MS, Refusal } from "./transport.ts";

/** The name of one of our close codes; others, which come from networks and proxies, by number. */
export function closeName(code: number): string {
  const known = Object.entries(CLOSE_CODES).find(([, entry]) => entry.code === code);
  return known?.[0] ?? `close ${code}`;
}

/** A WebSocket that speaks the protocol: what it is sent, in order, and answers by id. */
export class WebSocketSession {
  /** What came and is no answer. */
  readonly arrivals = new ArrivalQueue<{ readonly message: Json; readonly text: string }>();
  readonly #socket: WebSocket;
  readonly #answers = new ArrivalQueue<{ readonly message: Json; readonly text: string }>();
  #lastId = 0;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.binaryType = "arraybuffer";
    socket.addEventListener("message", ({ data }) => {
      if (typeof data === "string") {
        for (const text of data.split("\n")) {
          const message = readObject(text);
          (message["id"] === undefined ? this.arrivals : this.#answers).push({ message, text });
        }
      }
    });
    socket.addEventListener("close", ({ code, reason }) => {
      const failure = new Refusal(closeName(code), reason);
      this.arrivals.fail(failure);
      this.#answers.fail(failure);
    });
  }

  /** @param address of `/v1/ws`, with its query. */
  static async open(address: URL): Promise<WebSocketSession> {
    const url = new URL(address);
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    const socket = new WebSocket(url, SUBPROTOCOL);
    const session = new WebSocketSession(socket);
    await new Promise<void>((resolve, reject) => {
      socket.addEventListener("open", () => resolve());
      socket.addEventListener("close", ({ code }) =>
        reject(new Refusal(closeName(code), "the WebSocket did not open")),
      );
    });
    return session;
  }

  /**
   * Sends a message and waits for its answer.
   *
   * @throws Refusal for an `error`, or if the node closes.
   */
  async ask(message: Json): Promise<{ readonly message: Json; readonly text: string }> {
    this.#lastId += 1;
    const id = this.#lastId;
    this.#socket.send(JSON.stringify({ ...message, id }));
    const answer = await this.#answers.take(
      `the answer to ${String(message["type"])}`,
      PATIENCE_MS,
      (candidate) => candidate.message["id"] === id,
    );
    if (answer.message["type"] === "error") {
      throw new Refusal(String(answer.message["code"]), String(answer.message["message"]));
    }
    return answer;
  }

  async close(): Promise<void> {
    if (this.#socket.readyState === WebSocket.CLOSED) {
      return;
    }
    await new Promise<void>((resolve) => {
      this.#socket.addEventListener("close", () => resolve());
      this.#socket.close(1000);
    });
  }
}
