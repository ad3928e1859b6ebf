import type { Position } from "@tidegate/protocol";
import type { StoredMessage } from "../src/store/stored-message.ts";
import type { PieceLimits } from "../src/tail/follow.ts";
import { Pause } from "../src/tail/pause.ts";
import type { TailCore } from "../src/tail/tail-core.ts";
import { BrokenPromise } from "./model-judge.ts";

type State =
  | { readonly kind: "listening" }
  | { readonly kind: "behind"; readonly pause: Pause; asked: AbortController | undefined };

const LISTENING: State = { kind: "listening" };

/** A subscriber that stops listening now and then, and has to end up with what one got that always listened. */
export class ModelLaggard {
  /** What somebody got who never stopped. */
  #due: StoredMessage[] = [];
  #got: StoredMessage[] = [];
  #state: State = LISTENING;
  #served = 0;
  #epoch = "";
  /** The stream has lost its end, and can't be told from one that grew past it again. */
  #inLimbo = false;
  /** Times it caught up, or was reset instead, and the messages that it got by this. */
  caughtUp = 0;
  resets = 0;
  given = 0;

  begin({ epoch, sequence }: Position): void {
    this.#forget();
    this.#state = LISTENING;
    this.#inLimbo = false;
    this.#epoch = epoch;
    this.#served = sequence;
  }

  delivered(message: StoredMessage): void {
    this.#due.push(message);
    this.#served = Math.max(this.#served, message.sequence);
    if (this.#state.kind === "listening") this.#got.push(message);
    else this.#state.pause.came(message.sequence);
  }

  /** The stream is about to have lost its end. */
  lost(): void {
    this.#inLimbo = true;
  }

  reset(position: Position): void {
    this.#forget();
    this.#inLimbo = false;
    this.#epoch = position.epoch;
    this.#served = position.sequence;
    if (this.#state.kind === "behind") {
      this.#state.asked?.abort();
      this.#state.asked = undefined;
      this.#state.pause.reset(position);
    }
  }

  stop(): void {
    if (this.#state.kind === "listening" && this.#epoch !== "") {
      const pause = new Pause({ epoch: this.#epoch, sequence: this.#served });
      this.#state = { kind: "behind", pause, asked: undefined };
    }
  }

  /** Asks for the next piece, if it lacks something and has not asked. */
  read(core: TailCore, most: PieceLimits): void {
    const state = this.#state;
    if (state.kind === "listening" || state.asked !== undefined) return;
    const asked = new AbortController();
    state.asked = asked;
    core.catchUp({
      place: state.pause.begin(),
      most,
      signal: asked.signal,
      read: (piece) => {
        if (state.asked !== asked) throw new BrokenPromise("somebody who catches up was answered twice");
        state.asked = undefined;
        if (piece.kind === "failed") return;
        if (piece.kind === "reset") {
          this.#forget();
          this.#state = LISTENING;
          this.resets += 1;
          return;
        }
        if (piece.messages.length > Math.max(1, most.messages))
          throw new BrokenPromise("a piece is too long");
        const news = state.pause.took(piece.messages, piece.position.sequence);
        this.#got.push(...news);
        this.given += news.length;
        if (piece.kind === "joined" && state.pause.lateMessages === 0) {
          this.#state = LISTENING;
          this.caughtUp += 1;
        }
      },
    });
  }

  get isBehind(): boolean {
    return this.#state.kind === "behind";
  }

  /** Nothing is under way, and it listens again. */
  check(): void {
    if (this.isBehind) throw new BrokenPromise("somebody never caught up");
    if (this.#inLimbo) return;
    for (const channel of new Set(this.#due.map((message) => message.channel))) {
      const due = this.#due.filter((message) => message.channel === channel);
      const got = this.#got.filter((message) => message.channel === channel);
      const at = due.findIndex(({ sequence }, index) => sequence !== got[index]?.sequence);
      if (at !== -1 || due.length !== got.length) {
        const told = JSON.stringify([
          due.map(({ sequence }) => sequence),
          got.map(({ sequence }) => sequence),
        ]);
        throw new BrokenPromise(`who caught up on ${channel} got something else than who listened: ${told}`);
      }
    }
  }

  #forget(): void {
    this.#due = [];
    this.#got = [];
  }
}
