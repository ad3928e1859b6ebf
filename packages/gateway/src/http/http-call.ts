import { ERROR_CODES } from "@tidegate/protocol";
import type { HttpAnswer, HttpExchange, RequestHead, ResponseStream, StreamOwner } from "./http-exchange.ts";
import { type Problem, problemBody, problemHeaders, problemStatus } from "./problem.ts";

type Headers = Readonly<Record<string, string>>;

/** One request on its way through the node, with what every answer to it has in common. */
export class HttpCall {
  readonly exchange: HttpExchange;
  /** Told in every answer, and in what is logged about this request. */
  readonly id: string;
  readonly query: URLSearchParams;
  /** What the route's path leaves open. */
  readonly rest: string;
  readonly #common: Headers;
  readonly #onAnswered: (status: number, problem: Problem | undefined) => void;
  /** Whether the TCP connection ends with the answer, so that its client finds another node. */
  readonly #isLeaving: () => boolean;

  /** @param common headers of every answer. */
  constructor(
    exchange: HttpExchange,
    id: string,
    rest: string,
    common: Headers,
    isLeaving: () => boolean,
    onAnswered: (status: number, problem: Problem | undefined) => void,
  ) {
    this.exchange = exchange;
    this.id = id;
    this.rest = rest;
    this.query = new URLSearchParams(exchange.head.query);
    this.#common = { "x-request-id": id, ...common };
    this.#isLeaving = isLeaving;
    this.#onAnswered = onAnswered;
  }

  get head(): RequestHead {
    return this.exchange.head;
  }

  /** Answers with JSON text. */
  answer(body: string, headers: Headers = {}): void {
    this.#respond({
      status: 200,
      headers: { "content-type": "application/json", ...headers },
      body,
    });
  }

  /** Answers without a body. */
  answerEmpty(status: 204 | 304, headers: Headers): void {
    this.#respond({ status, headers, body: undefined });
  }

  refuse(problem: Problem, headers: Headers = {}): void {
    this.#respond(
      {
        status: problemStatus(problem),
        headers: { ...problemHeaders(problem), ...headers },
        body: problemBody(problem, this.id),
        // Not for the client's sake: of a body that is not wanted, not much more is read.
        close: isLarge(this.head),
      },
      problem,
    );
  }

  /** Answers with a body that goes on. */
  stream(headers: Headers, first: Uint8Array, owner: StreamOwner): ResponseStream | undefined {
    const stream = this.exchange.stream({ ...headers, ...this.#common }, first, owner);
    if (stream !== undefined) {
      this.#onAnswered(200, undefined);
    }
    return stream;
  }

  #respond(answer: HttpAnswer, problem?: Problem): void {
    if (this.exchange.isGone) {
      return;
    }
    const headers = { ...answer.headers, ...this.#common };
    const close = answer.close === true || this.#isLeaving();
    this.exchange.respond({ ...answer, headers, close });
    this.#onAnswered(answer.status, problem);
  }
}

/** What is left of a smaller body is read and thrown away, which keeps the TCP connection in use. */
const WORTH_READING_BYTES = 262_144;

function isLarge({ headers }: RequestHead): boolean {
  return headers["transfer-encoding"] !== "" || Number(headers["content-length"]) > WORTH_READING_BYTES;
}

/** Whether the same request may succeed later without any change. */
export function isRetryable({ code }: Problem): boolean {
  return ERROR_CODES[code].retryable;
}
