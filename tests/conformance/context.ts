import { strict as assert } from "node:assert";
import { randomBytes } from "node:crypto";
import type { Target } from "./target.ts";
import { everyTransport } from "./transports/every-transport.ts";
import { accepted, exchange, type HttpAnswer, type HttpRequest } from "./transports/http-client.ts";
import type { Json } from "./transports/read-message.ts";
import {
  type OpenOptions,
  type Received,
  Refusal,
  Silence,
  type Stream,
  type Transport,
  type TransportName,
} from "./transports/transport.ts";

/** Between a message that should come and the decision that no other does. */
const QUIET_MS = 150;

/** What a scenario is given: channels of its own, a way to publish, and what to clean up after it. */
export class Context {
  readonly target: Target;
  readonly transports: ReadonlyMap<TransportName, Transport>;
  /** Where the transport or the deployment does not do the same as others, on purpose. */
  readonly differences: string[] = [];
  readonly #run = randomBytes(6).toString("hex");
  readonly #opened: Stream[] = [];

  constructor(target: Target) {
    this.target = target;
    this.transports = everyTransport(target.nodes);
  }

  /** A channel that nobody else uses. */
  channel(name = "a", prefix = this.target.prefix): string {
    return `${prefix}.${this.#run}.${name}`;
  }

  /** @throws Refusal */
  async publish(channel: string, message: Json = {}, token = this.target.token): Promise<Json> {
    const body = JSON.stringify({ channel, data: 0, ...message });
    return accepted(await this.http("/v1/publish", { method: "POST", body, token }));
  }

  /** Publishes these, one after the other, and returns their cursors. */
  async publishEach(channel: string, data: readonly unknown[]): Promise<readonly string[]> {
    const cursors: string[] = [];
    for (const value of data) {
      const { cursor } = await this.publish(channel, { data: value });
      assert.equal(typeof cursor, "string", `${channel} is not replayable: publishing gave no cursor`);
      cursors.push(String(cursor));
    }
    return cursors;
  }

  http(path: string, request: HttpRequest = {}): Promise<HttpAnswer> {
    return exchange(this.target.nodes, path, { token: this.target.token, ...request });
  }

  /** @throws Refusal */
  async open(
    transport: Transport,
    options: Omit<OpenOptions, "token"> & { readonly token?: string | undefined },
  ): Promise<Stream> {
    const stream = await transport.open({ token: this.target.token, ...options });
    this.#opened.push(stream);
    return stream;
  }

  /** Closes what a scenario left open. */
  async leave(): Promise<void> {
    await Promise.all(this.#opened.map((stream) => stream.close()));
  }

  differs(difference: string): void {
    if (!this.differences.includes(difference)) {
      this.differences.push(difference);
    }
  }
}

/** The same, for a scenario that runs on every transport. */
export class TransportContext extends Context {
  readonly transport: Transport;

  /** @param replace makes another transport of it, for tests of the suite itself. */
  constructor(target: Target, name: TransportName, replace = (transport: Transport): Transport => transport) {
    super(target);
    const transport = this.transports.get(name);
    assert.ok(transport !== undefined);
    this.transport = replace(transport);
  }

  subscribe(channels: readonly string[], resume?: OpenOptions["resume"]): Promise<Stream> {
    return this.open(this.transport, { channels, resume });
  }
}

/** The next so many messages; a reset among them fails. */
export async function receive(stream: Stream, count: number): Promise<readonly Received[]> {
  const messages: Received[] = [];
  while (messages.length < count) {
    const arrival = await stream.next();
    assert.equal(
      arrival.kind,
      "message",
      `after ${messages.length} of ${count} messages: ${JSON.stringify(arrival)}`,
    );
    if (arrival.kind === "message") {
      messages.push(arrival.message);
    }
  }
  return messages;
}

/** The payloads of the next so many messages. */
export async function receiveData(stream: Stream, count: number): Promise<readonly unknown[]> {
  return (await receive(stream, count)).map(({ data }) => data);
}

/** The next arrival has to be a reset. */
export async function receiveReset(
  stream: Stream,
): Promise<{ readonly channel: string; readonly reason: string }> {
  const arrival = await stream.next();
  assert.equal(arrival.kind, "reset", `expected a reset: ${JSON.stringify(arrival)}`);
  return arrival.kind === "reset" ? arrival : { channel: "", reason: "" };
}

/** Nothing more comes. */
export async function receiveNothing(stream: Stream): Promise<void> {
  try {
    const arrival = await stream.next(QUIET_MS);
    assert.fail(`expected nothing more: ${JSON.stringify(arrival)}`);
  } catch (error) {
    if (!(error instanceof Silence)) {
      throw error;
    }
  }
}

/** The action is refused, with one of these codes. */
export async function refused(action: () => Promise<unknown>, ...codes: readonly string[]): Promise<Refusal> {
  try {
    await action();
  } catch (error) {
    if (error instanceof Refusal) {
      assert.ok(codes.includes(error.code), `expected ${codes.join(" or ")}: ${error.message}`);
      return error;
    }
    throw error;
  }
  return assert.fail(`expected to be refused with ${codes.join(" or ")}`);
}

export function range(from: number, to: number): readonly number[] {
  return Array.from({ length: to - from + 1 }, (_, index) => from + index);
}
