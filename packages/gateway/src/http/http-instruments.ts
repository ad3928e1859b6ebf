import type { CounterChild } from "@tidegate/runtime";
import type { GatewayMetrics } from "../metrics.ts";

type StreamTransport = "sse" | "poll";

/** The series of the HTTP side. */
export class HttpInstruments {
  /** Event streams begun and polls that waited, counted like connections. */
  readonly opened: Readonly<Record<StreamTransport, CounterChild>>;
  readonly #metrics: GatewayMetrics;
  readonly #requests = new Map<string, CounterChild>();

  constructor(metrics: GatewayMetrics) {
    this.#metrics = metrics;
    this.opened = {
      sse: metrics.connectionsOpened.child({ transport: "sse" }),
      poll: metrics.connectionsOpened.child({ transport: "poll" }),
    };
  }

  /** @param route path of the route as declared, or what stands for no route at all: never what a client sent. */
  countRequest(route: string, status: number): void {
    const key = `${status} ${route}`;
    let child = this.#requests.get(key);
    if (child === undefined) {
      child = this.#metrics.httpRequests.child({ route, status: String(status) });
      this.#requests.set(key, child);
    }
    child.inc();
  }
}
