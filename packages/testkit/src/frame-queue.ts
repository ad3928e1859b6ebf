import { TestkitError } from "./testkit-error.ts";

interface Waiter<Message> {
  readonly matches: (message: Message) => boolean;
  readonly resolve: (message: Message) => void;
  readonly reject: (error: unknown) => void;
  readonly describe: string;
}

const shownMessages = 20;
const shownCharacters = 200;

/** Messages that arrived and waits for messages to come; a message goes to the oldest wait that it matches. */
export class FrameQueue<Message extends object> {
  readonly #pending: Message[] = [];
  readonly #received: Message[] = [];
  readonly #waiters = new Set<Waiter<Message>>();
  #closedBecause: string | undefined;

  get pending(): readonly Message[] {
    return this.#pending;
  }

  push(message: Message): void {
    this.#received.push(message);
    for (const waiter of this.#waiters) {
      try {
        if (!waiter.matches(message)) continue;
      } catch (error) {
        // The predicate belongs to the test: its failure is the wait's, not the socket's.
        waiter.reject(error);
        continue;
      }
      waiter.resolve(message);
      return;
    }
    this.#pending.push(message);
  }

  /** Nothing will come any more. What is pending can still be taken. */
  close(because: string): void {
    this.#closedBecause = because;
    for (const waiter of this.#waiters) waiter.reject(this.#closedError(waiter.describe));
  }

  next(match: string | ((message: Message) => boolean) | undefined, timeoutMs: number): Promise<Message> {
    const matches = toPredicate<Message>(match);
    const describe = describeMatch(match);
    const index = this.#pending.findIndex(matches);
    const [found] = index < 0 ? [] : this.#pending.splice(index, 1);
    if (found !== undefined) return Promise.resolve(found);

    const waiting = new Promise<Message>((resolve, reject) => {
      if (this.#closedBecause !== undefined) {
        reject(this.#closedError(describe));
        return;
      }
      const done = () => {
        clearTimeout(timer);
        this.#waiters.delete(waiter);
      };
      const waiter: Waiter<Message> = {
        matches,
        describe,
        resolve: (message) => {
          done();
          resolve(message);
        },
        reject: (error) => {
          done();
          reject(error);
        },
      };
      const timer = setTimeout(() => {
        const text = `${describe} did not arrive within ${timeoutMs} ms; ${this.#describeReceived()}`;
        waiter.reject(new TestkitError("timeout", text));
      }, timeoutMs);
      this.#waiters.add(waiter);
    });
    // A wait that a test has left behind must not bring the run down when the connection closes.
    waiting.catch(() => {});
    return waiting;
  }

  #closedError(describe: string): TestkitError {
    const text = `the connection ${this.#closedBecause} before ${describe} arrived; ${this.#describeReceived()}`;
    return new TestkitError("socket-closed", text);
  }

  #describeReceived(): string {
    if (this.#received.length === 0) return "nothing had arrived";
    const shown = this.#received.slice(-shownMessages).map((message) => `  ${describeMessage(message)}`);
    return [`${this.#received.length} messages had arrived:`, ...shown].join("\n");
  }
}

function toPredicate<Message extends object>(
  match: string | ((message: Message) => boolean) | undefined,
): (message: Message) => boolean {
  if (match === undefined) return () => true;
  if (typeof match === "function") return match;
  return (message) => "type" in message && message.type === match;
}

function describeMatch(match: unknown): string {
  if (match === undefined) return "a message";
  return typeof match === "string" ? `a message of type "${match}"` : `a message for which ${String(match)}`;
}

function describeMessage(message: object): string {
  const text =
    "binary" in message && Buffer.isBuffer(message.binary)
      ? `${message.binary.length} binary bytes ${message.binary.subarray(0, 32).toString("hex")}`
      : JSON.stringify(message);
  return text.length > shownCharacters ? `${text.slice(0, shownCharacters)}…` : text;
}
