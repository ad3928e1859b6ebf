import type { Logger } from "@tidegate/runtime";
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
        return await this.#store(source, request, verdict.id, verdict.event);
    }
  }

  async #store(
    source: HookSource,
    request: HookRequest,
    id: string,
    event: string | undefined,
  ): Promise<Ending> {
    const { name, schemeName, scheme } = source;
    const { contentType, body } = request;
    const hops = readHops(request.header(HOPS_HEADER.toLowerCase()));
    const headers = { source: name, scheme: schemeName, id, event, contentType, hops };
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
