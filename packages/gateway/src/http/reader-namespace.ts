import type { PieceLimits } from "@tidegate/broker";
import type { CatchUpOutcome, Laggard } from "../fan-out/catch-up.ts";
import type { CatchUpStep } from "../fan-out/paused-seat.ts";
import type { OrderedChannel } from "./channel-states.ts";
import { NamespaceOrder, type OrderOwner } from "./namespace-order.ts";
import type { ReaderItem } from "./reader-item.ts";

/** One channel of the namespace. */
export interface NamespaceChannel extends OrderedChannel {
  /** See `HeldChannel.catchUp`. */
  catchUp(most: PieceLimits, took: (step: CatchUpStep) => void): void;
}

/** A piece that was asked for, and not begun yet. */
interface Wish {
  readonly most: PieceLimits;
  readonly took: (outcome: CatchUpOutcome) => void;
}

/** What a reader has of one namespace with history: its channels in one order, which fall behind together and catch up as one. */
export class ReaderNamespace implements Laggard {
  readonly name: string;
  readonly order: NamespaceOrder<ReaderItem, NamespaceChannel>;
  #wish: Wish | undefined;
  #isLaggard = false;

  /** @param fellBehind called when it has to catch up, and not again before it has. */
  constructor(
    name: string,
    owner: Pick<OrderOwner<ReaderItem>, "release" | "flushLater" | "settling">,
    fellBehind: (namespace: ReaderNamespace) => void,
  ) {
    this.name = name;
    this.order = new NamespaceOrder<ReaderItem, NamespaceChannel>({
      ...owner,
      fellBehind: () => {
        if (!this.#isLaggard) {
          this.#isLaggard = true;
          fellBehind(this);
        }
      },
      readable: () => this.#begin(),
    });
  }

  get isBehind(): boolean {
    return this.order.isBehind;
  }

  catchUp(most: PieceLimits, took: (outcome: CatchUpOutcome) => void): void {
    this.#wish = { most, took };
    this.#begin();
  }

  /** As soon as reading brings something that can be let go: while a channel is being repaired, it would only be held. */
  #begin(): void {
    const wish = this.#wish;
    const channel = this.order.next;
    if (wish === undefined || channel === undefined) {
      return;
    }
    this.#wish = undefined;
    const { messages, bytes } = wish.most;
    // One of each channel may be held at a time.
    const share = { messages, bytes: bytes / this.order.size };
    channel.catchUp(share, (step) => this.#took(channel, step, wish.took));
  }

  #took(channel: NamespaceChannel, step: CatchUpStep, took: Wish["took"]): void {
    switch (step.kind) {
      case "piece":
        this.order.read(channel, step.frames, step.place, step.isSeated);
        took({ kind: "piece", source: step.source, isSeated: this.#hasCaughtUp() });
        return;
      case "reset":
        this.order.read(channel, [], 0, true);
        took(this.#hasCaughtUp() ? step : { kind: "piece", source: "none", isSeated: false });
        return;
      case "failed":
        took(step);
        return;
    }
  }

  #hasCaughtUp(): boolean {
    this.#isLaggard = this.order.isBehind;
    return !this.#isLaggard;
  }
}
