import { readTraceContext, TRACEPARENT, TRACESTATE, type TraceContext } from "@tidegate/protocol";
import type { Logger, Tracing } from "@tidegate/runtime";
import { HOPS_HEADER, readHops } from "../hops.ts";
import type { HookMetrics } from "./hook-metrics.ts";
import { answer, type HookReply, REPLIES } from "./hook-reply.ts";
import { deliveryKey, type HookSource } from "./hook-source.ts";
import type { HookStore } from "./hook-store.ts";
import { RefusalLog } from "./refusal-log.ts";
import type { HookRequest } from "./schemes/hook-scheme.ts";

export interface HookReceiverParts {
  /** By name. */
  readonly sources: ReadonlyMap<string, HookSource>;
  readonly store: HookStore;
  readonly metrics: HookMetrics;
  /** `undefined`: no spans. */
  readonly tracing?: Tracing | undefined;
  readonly logger: Logger;
  /** Unix milliseconds; `Date.now` unless a test says otherwise. */
  readonly now: () => number;
}

/** What became of a request, as the metrics call it. */
interface Ending {
  readonly outcome: string;
  readonly reply: HookReply;
}

/** Decides about requests to `/hooks/<source>` that were read to their end. Knows nothing of HTTP servers. */
export class HookReceiver {
  readonly #parts: HookReceiverParts;
  readonly #refusals: RefusalLog;

  constructor(parts: HookReceiverParts) {
    this.#parts = parts;
    this.#refusals = new RefusalLog(parts.logger);
  }

  sourceOf(name: string): HookSource | undefined {
    return this.#parts.sources.get(name);
  }

  /** Whether a body of this type is worth reading. */
  takes({ scheme: { contentTypes } }: HookSource, contentType: string): boolean {
    return contentTypes === "any" || contentTypes.includes(contentType);
  }

  /** Verifies, stores, and then answers. Never rejects. */
  async receive(source: HookSource, request: HookRequest): Promise<HookReply> {
    const { metrics } = this.#parts;
    const started = performance.now();
    metrics.hookBodyBytes.child().inc(request.body.length);
    const { outcome, reply } = await this.#decide(source, request);
    metrics.hooks.child({ scheme: source.schemeName, outcome }).inc();
    metrics.hookSeconds.child({ scheme: source.schemeName }).observe((performance.now() - started) / 1000);
    return reply;
  }

  /** Counts and logs what was refused before its body was read. */
  refuse(name: string, source: HookSource | undefined, outcome: string, reply: HookReply): HookReply {
    const scheme = source?.schemeName ?? "none";
    this.#parts.metrics.hooks.child({ scheme, outcome }).inc();
    // A name that is not ours may be anything, and of any length.
    if (source !== undefined) this.#refusals.refused(name, scheme, outcome, this.#parts.now());
    return reply;
  }

  async #decide(source: HookSource, request: HookRequest): Promise<Ending> {
    const nowMs = this.#parts.now();
    const verdict = await source.scheme.verify(request, nowMs);
    switch (verdict.kind) {
      case "refused": {
        const { fault } = verdict;
        this.#refusals.refused(source.name, source.schemeName, fault, nowMs);
        return { outcome: fault, reply: fault === "malformed_body" ? REPLIES.malformed : REPLIES.refused };
      }
      case "unavailable":
        this.#refusals.refused(source.name, source.schemeName, verdict.reason, nowMs);
        return { outcome: "unavailable", reply: REPLIES.unavailable };
      case "answer":
        return { outcome: "answered", reply: answer(verdict.text) };
      case "event":
        return await this.#trace(source, request, verdict.id, verdict.event);
    }
  }

  /** Only what is genuine is traced: else whoever finds the address could fill the collector. */
  async #trace(
    source: HookSource,
    request: HookRequest,
    id: string,
    event: string | undefined,
  ): Promise<Ending> {
    const { tracing } = this.#parts;
    const parent = readTraceContext(request.header(TRACEPARENT), request.header(TRACESTATE));
    if (tracing === undefined) return await this.#store(source, request, id, event, parent);
    const span = tracing.begin({
      name: "POST /hooks/{source}",
      kind: "server",
      parent,
      trusted: false,
      attributes: {
        "http.request.method": "POST",
        "http.route": "/hooks/{source}",
        "tidegate.hook.source": source.name,
        "tidegate.hook.scheme": source.schemeName,
      },
    });
    const ending = await this.#store(source, request, id, event, span.link);
    span.set("http.response.status_code", ending.reply.status);
    span.end(ending.reply.status < 300 ? undefined : ending.outcome);
    return ending;
  }

  async #store(
    source: HookSource,
    request: HookRequest,
    id: string,
    event: string | undefined,
    trace: TraceContext | undefined,
  ): Promise<Ending> {
    const { name, schemeName, scheme } = source;
    const { contentType, body } = request;
    const hops = readHops(request.header(HOPS_HEADER.toLowerCase()));
    const headers = { source: name, scheme: schemeName, id, event, contentType, hops, trace };
    const outcome = await this.#parts.store.store({
      source: name,
      key: deliveryKey(source, id, request),
      headers,
      body,
    });
    switch (outcome.kind) {
      case "stored":
      case "duplicate": {
        const { acceptance } = scheme;
        const reply =
          acceptance === undefined ? REPLIES.accepted : answer(acceptance.text, acceptance.contentType);
        return { outcome: outcome.kind, reply };
      }
      case "too_large":
        this.#refusals.refused(name, schemeName, "too_large", this.#parts.now());
        return { outcome: "too_large", reply: REPLIES.tooLarge };
      case "unavailable":
        this.#refusals.refused(name, schemeName, outcome.reason, this.#parts.now());
        return { outcome: "unavailable", reply: REPLIES.unavailable };
    }
  }
}
