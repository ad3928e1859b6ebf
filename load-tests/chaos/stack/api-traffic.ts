import type { NatsConnection } from "@tidegate/testkit";

/** Requests to JetStream's interface, by what they ask for: `DIRECT.GET`, `STREAM.INFO`, `STREAM.MSG.GET` and the like. */
export type ApiRequests = Readonly<Record<string, number>>;

const API = "$JS.API.";

/** Counts the requests that anybody of the account makes to JetStream, seen by a subscription beside its own. */
export class ApiTraffic {
  readonly #counts = new Map<string, number>();

  /** @param nats closing it ends the counting */
  constructor(nats: NatsConnection) {
    nats.subscribe(`${API}>`, {
      callback: (error, { subject }) => {
        const kind = error === null ? kindOf(subject) : "unknown";
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

/** The words of the subject that name no stream. */
export function kindOf(subject: string): string {
  const words = subject.slice(API.length).split(".");
  const end = words.findIndex((word) => !/^[A-Z]+$/.test(word));
  return words.slice(0, end === -1 ? words.length : end).join(".");
}

/** Of these, the requests that read messages or the state of a stream. */
export function readsOf(requests: ApiRequests): number {
  return Object.entries(requests).reduce(
    (sum, [kind, count]) => sum + (/^(?:DIRECT\.GET|STREAM\.MSG\.GET|STREAM\.INFO)$/.test(kind) ? count : 0),
    0,
  );
}
