import { setTimeout as delay } from "node:timers/promises";
import { BrokerError } from "../broker-error.ts";
import type { Faults } from "../faults.ts";
import type { JetStreamApi } from "./jetstream-api.ts";
import { STREAM_NOT_FOUND } from "./jetstream-api.ts";
import type { StreamInfo } from "./stream-info.ts";
import { readStreamInfo } from "./stream-info.ts";
import type { StreamSpec } from "./stream-spec.ts";
import { differenceText, streamDifferences } from "./stream-spec.ts";

/**
 * What is known of the stream of a namespace.
 *
 * - `unknown`: it has not answered yet.
 * - `fit`: it serves; `differences` say in words what is not as configured but does no harm.
 * - `missing`: there is none. Run the provisioning command.
 * - `unfit`: with what `differences` say, subscribers cannot be served. Run the provisioning command.
 * - `unreachable`: it does not answer, or may not be asked.
 */
export type StreamStatus =
  | { readonly kind: "unknown" }
  | { readonly kind: "fit"; readonly epoch: string; readonly differences: readonly string[] }
  | { readonly kind: "missing" }
  | { readonly kind: "unfit"; readonly differences: readonly string[] }
  | { readonly kind: "unreachable"; readonly reason: string };

export interface NamespaceStreamParts {
  readonly api: JetStreamApi;
  readonly faults: Faults;
  readonly spec: StreamSpec;
  /** Called when the status has changed, with the new one. */
  readonly onStatus: (stream: NamespaceStream) => void;
}

/** The newest message that the stream is known to have had. */
interface Highest {
  readonly epoch: string;
  readonly sequence: number;
}

interface Inquiry {
  readonly askedAt: number;
  readonly info: Promise<StreamInfo>;
}

/** Many may notice the same trouble, again and again. */
const CHECK_PAUSE_MS = 250;

/** Inquiries begin at least so far apart: in a storm of clients who come back, all within this time share one. */
const PAUSE_MS = 50;

/** The stream of one namespace as its leader last described it. */
export class NamespaceStream {
  readonly #parts: NamespaceStreamParts;
  #status: StreamStatus = { kind: "unknown" };
  #epoch: string | undefined;
  #answered: Inquiry | undefined;
  #underway: Inquiry | undefined;
  /** Those who came while an inquiry was under way that began too early for them. */
  #next: Promise<StreamInfo> | undefined;
  #askedAt = Number.NEGATIVE_INFINITY;
  #checkTimer: NodeJS.Timeout | undefined;
  #highest: Highest | undefined;

  constructor(parts: NamespaceStreamParts) {
    this.#parts = parts;
  }

  get spec(): StreamSpec {
    return this.#parts.spec;
  }

  get status(): StreamStatus {
    return this.#status;
  }

  /** The epoch when the stream was last known to be fit; undefined since it is known to be missing or unfit. */
  get epoch(): string | undefined {
    return this.#epoch;
  }

  /**
   * Asks the leader. One inquiry is under way at a time, and serves all who did not need it to begin later.
   *
   * @param maxAgeMs an inquiry that began at most so long ago will do. 0: one that begins from now on.
   * @throws BrokerError `stream_missing`, `stream_unfit`, `unavailable`, `denied`.
   */
  info(maxAgeMs: number): Promise<StreamInfo> {
    const oldest = performance.now() - maxAgeMs;
    if (this.#answered !== undefined && this.#answered.askedAt > oldest) return this.#answered.info;
    if (this.#underway !== undefined && this.#underway.askedAt > oldest) return this.#underway.info;
    if (this.#next !== undefined) return this.#next;
    if (this.#underway === undefined && this.#pause <= 0) return this.#ask();
    this.#next = this.#askNext();
    return this.#next;
  }

  /** Takes in a sequence that the stream has given out. One that was given out before means that it is another stream now. */
  observe(sequence: number): void {
    if (this.#highest === undefined) return;
    if (sequence > this.#highest.sequence) this.#highest = { ...this.#highest, sequence };
    else this.check();
  }

  /** Asks again, for the sake of the status alone: at once, or soon if that has just been done. */
  check(): void {
    if (this.#checkTimer !== undefined) return;
    const pause = this.#askedAt + CHECK_PAUSE_MS - performance.now();
    const ask = () => {
      this.#checkTimer = undefined;
      this.info(0).catch(() => {
        // The status says it.
      });
    };
    if (pause <= 0) ask();
    else this.#checkTimer = setTimeout(ask, pause).unref();
  }

  async #askNext(): Promise<StreamInfo> {
    await this.#underway?.info.catch(() => {
      // Whoever asked for it has the error.
    });
    if (this.#pause > 0) await delay(this.#pause);
    this.#next = undefined;
    return await this.#ask();
  }

  get #pause(): number {
    return this.#askedAt + PAUSE_MS - performance.now();
  }

  #ask(): Promise<StreamInfo> {
    this.#askedAt = performance.now();
    const inquiry: Inquiry = { askedAt: this.#askedAt, info: this.#inquire() };
    this.#underway = inquiry;
    inquiry.info.then(
      () => {
        this.#underway = undefined;
        this.#answered = inquiry;
      },
      () => {
        this.#underway = undefined;
        this.#answered = undefined;
      },
    );
    return inquiry.info;
  }

  async #inquire(): Promise<StreamInfo> {
    try {
      return await this.#read();
    } catch (error) {
      if (error instanceof BrokerError && error.code !== "stream_missing" && error.code !== "stream_unfit") {
        this.#become({ kind: "unreachable", reason: error.message });
      }
      throw error;
    }
  }

  async #read(): Promise<StreamInfo> {
    const { api, spec } = this.#parts;
    // What is stored while the leader answers may be confirmed before the answer comes.
    const before = this.#highest;
    const answer = await api.read(`STREAM.INFO.${spec.name}`);
    if (answer.kind === "refused") {
      if (answer.code !== STREAM_NOT_FOUND) {
        throw new BrokerError("unavailable", `stream ${spec.name}: ${answer.description}`);
      }
      this.#become({ kind: "missing" });
      throw new BrokerError(
        "stream_missing",
        `namespace ${spec.namespace} keeps history, but there is no stream ${spec.name}; run npm run provision`,
      );
    }
    const info = readStreamInfo(answer.answer);
    if (info === undefined) {
      throw new BrokerError("server_error", `the description of stream ${spec.name} cannot be read`);
    }
    this.#judge(info);
    this.#watchForRegression(before, info);
    return info;
  }

  #judge(info: StreamInfo): void {
    const { spec } = this.#parts;
    const differences = streamDifferences(spec, info.config);
    const breaking = differences.filter(({ breaks }) => breaks).map(differenceText);
    if (breaking.length === 0) {
      this.#become({ kind: "fit", epoch: info.epoch, differences: differences.map(differenceText) });
      return;
    }
    this.#become({ kind: "unfit", differences: breaking });
    throw new BrokerError(
      "stream_unfit",
      `stream ${spec.name} of namespace ${spec.namespace} cannot serve: ${breaking.join("; ")}; run npm run provision`,
    );
  }

  /** Sequences that are given out twice under one epoch make cursors lie, and only another epoch helps. */
  #watchForRegression(before: Highest | undefined, { epoch, lastSequence }: StreamInfo): void {
    const regressed = before?.epoch === epoch && lastSequence < before.sequence;
    const now = this.#highest;
    const sequence = regressed || now?.epoch !== epoch ? lastSequence : Math.max(lastSequence, now.sequence);
    this.#highest = { epoch, sequence };
    if (!regressed) return;
    const { spec, faults } = this.#parts;
    faults.report(
      new BrokerError(
        "stream_unfit",
        `stream ${spec.name} ended at ${before.sequence} and ends at ${lastSequence} now: it has lost messages, and cursors ` +
          `may point to others. Unless its leader was cut off for a moment, run npm run provision -- --new-epoch ${spec.namespace}`,
      ),
    );
  }

  #become(status: StreamStatus): void {
    const before = this.#status;
    this.#status = status;
    if (status.kind === "fit") this.#epoch = status.epoch;
    else if (status.kind !== "unreachable") this.#epoch = undefined;
    if (JSON.stringify(before) === JSON.stringify(status)) return;
    this.#parts.faults.run("a stream status listener", () => this.#parts.onStatus(this));
  }
}
