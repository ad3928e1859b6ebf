import { type Context, createContextKey, TraceFlags, trace } from "@opentelemetry/api";
import {
  type Sampler,
  SamplingDecision,
  type SamplingResult,
  TraceIdRatioBasedSampler,
} from "@opentelemetry/sdk-trace";

const STRANGER = createContextKey("tidegate.stranger");

/** The context of a span whose parent was written by somebody whom nobody vouches for. */
export function strangers(context: Context): Context {
  return context.setValue(STRANGER, true);
}

/**
 * Keeps a share of the traces that begin here, and what a parent from within has kept. A stranger's parent can prevent that a span is kept,
 * but its flag alone does not bring it about. Trace ids decide, by the rule that most libraries have: all spans of a trace are kept, or none,
 * and who samples with the same share before us keeps the same ones. Strangers who choose ids for it get more; limits of rate bound that.
 */
export class EdgeSampler implements Sampler {
  readonly #ratio: number;
  readonly #share: Sampler;

  /** @param ratio 0 to 1. */
  constructor(ratio: number) {
    this.#ratio = ratio;
    this.#share = new TraceIdRatioBasedSampler(ratio);
  }

  shouldSample(...asked: Parameters<Sampler["shouldSample"]>): SamplingResult {
    const [context] = asked;
    const parent = trace.getSpanContext(context);
    if (parent === undefined) return this.#share.shouldSample(...asked);
    if ((parent.traceFlags & TraceFlags.SAMPLED) === 0) return { decision: SamplingDecision.NOT_RECORD };
    return context.getValue(STRANGER) === true
      ? this.#share.shouldSample(...asked)
      : { decision: SamplingDecision.RECORD_AND_SAMPLED };
  }

  toString(): string {
    return `EdgeSampler{${this.#ratio}}`;
  }
}
