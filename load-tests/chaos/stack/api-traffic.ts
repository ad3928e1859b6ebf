import type { NatsConnection } from "@tidegate/testkit";

/** Requests to JetStream's interface, by what they ask for: `DIRECT.GET`, `STREAM.INFO`, `STREAM.MSG.GET` and the like; of many heads at once, `DIRECT.GET.HEADS`. */
export type ApiRequests = Readonly<Record<string, number>>;

const API = "$JS.API.";

/** Counts the requests that anybody of the account makes to JetStream, seen by a subscription beside its own. */
export class ApiTraffic {
  readonly #counts = new Map<string, number>();

  /** @param nats closing it ends the counting */
  constructor(nats: NatsConnection) {
    nats.subscribe(`${API}>`, {
      callback: (error, message) => {
        const kind = error === null ? kindOf(message.subject, message.string()) : "unknown";
        this.#counts.set(kind, (this.#counts.get(kind) ?? 0) + 1);
      },
    });
  }

  /** What has been asked since the last {@link clear}. */
  get requests(): ApiRequests {
    return Object.fromEntries(this.#counts);
  }

  clear(): void {
    this.#counts.clear();
  }
}

/** The words of the subject that name no stream, and what else tells one request from another. */
export function kindOf(subject: string, payload: string): string {
  const words = subject.slice(API.length).split(".");
  const end = words.findIndex((word) => !/^[A-Z]+$/.test(word));
  const kind = words.slice(0, end === -1 ? words.length : end).join(".");
  return payload.includes('"multi_last"') ? `${kind}.HEADS` : kind;
}

/** Of these, the requests that read messages of a channel, and those that ask how far a stream or many of its channels have come. */
export function readsOf(requests: ApiRequests): { readonly messages: number; readonly inquiries: number } {
  const sum = (kinds: RegExp): number =>
    Object.entries(requests).reduce((total, [kind, count]) => total + (kinds.test(kind) ? count : 0), 0);
  return {
    messages: sum(/^(?:DIRECT\.GET|STREAM\.MSG\.GET)$/),
    inquiries: sum(/^(?:DIRECT\.GET\.HEADS|STREAM\.INFO)$/),
  };
}
