import {
  type BodyOutcome,
  type HttpAnswer,
  type HttpExchange,
  REQUEST_HEADERS,
  type RequestHead,
  type StreamOwner,
} from "../src/http/http-exchange.ts";
import { FakeResponseStream } from "./fake-response-stream.ts";

export interface FakeRequest {
  readonly method?: string;
  readonly path?: string;
  readonly query?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** A request without a transport, and what it was answered. */
export class FakeExchange implements HttpExchange {
  readonly head: RequestHead;
  readonly answers: HttpAnswer[] = [];
  readonly network = new FakeResponseStream();
  streamOwner: StreamOwner | undefined;
  isGone = false;
  readonly #body: Buffer;
  #onGone: () => void = () => {};

  constructor({ method = "GET", path = "/", query = "", headers = {}, body = "" }: FakeRequest = {}) {
    this.head = {
      method,
      path,
      query,
      headers: Object.fromEntries(
        REQUEST_HEADERS.map((name) => [name, headers[name] ?? ""]),
      ) as RequestHead["headers"],
      address: "192.0.2.1",
    };
    this.#body = Buffer.from(body);
  }

  onGone(listener: () => void): void {
    this.#onGone = listener;
  }

  leave(): void {
    this.isGone = true;
    this.#onGone();
  }

  readBody(maxBytes: number): Promise<BodyOutcome> {
    return Promise.resolve(
      this.#body.byteLength > maxBytes ? { kind: "too_large" } : { kind: "body", bytes: this.#body },
    );
  }

  respond(answer: HttpAnswer): void {
    this.answers.push(answer);
  }

  stream(_headers: object, first: Uint8Array, owner: StreamOwner): FakeResponseStream {
    this.streamOwner = owner;
    this.network.write(first);
    return this.network;
  }

  /** The only answer, its body parsed. */
  get answer(): HttpAnswer & { readonly json: Readonly<Record<string, unknown>> } {
    const [answer] = this.answers;
    if (answer === undefined || this.answers.length > 1) {
      throw new TypeError(`answered ${this.answers.length} times`);
    }
    return { ...answer, json: answer.body === undefined ? {} : JSON.parse(answer.body) };
  }
}
