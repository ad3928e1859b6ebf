import type { HttpContext } from "../http/http-context.ts";
import type { NodeContext } from "../node-context.ts";
import type { EventStream, EventStreamHost } from "./event-stream.ts";
import { JoinedEvents } from "./joined-events.ts";

/** The wait is between half of what is configured and one and a half: who lost a stream together, comes back apart. */
const LEAST_SHARE = 0.5;

/** The event streams of this node. */
export class EventStreams implements EventStreamHost {
  readonly joined: JoinedEvents = new JoinedEvents();
  readonly #http: HttpContext;
  readonly #open = new Set<EventStream>();

  constructor(http: HttpContext) {
    this.#http = http;
  }

  get node(): NodeContext {
    return this.#http.node;
  }

  get size(): number {
    return this.#open.size;
  }

  readonly reconnectMs = (): number =>
    this.#http.options.reconnectMs * (LEAST_SHARE + this.#http.node.random());

  opened(stream: EventStream): void {
    this.#open.add(stream);
    this.#http.instruments.opened.sse.inc();
  }

  readonly closed = (stream: EventStream): void => {
    this.#open.delete(stream);
    this.#http.roster.leave(stream);
  };

  /** The link to NATS was interrupted: messages of live channels may be missing. */
  notifyMissed(): void {
    for (const stream of this.#open) {
      stream.notifyMissed();
    }
  }
}
