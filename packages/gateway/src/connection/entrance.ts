import type { Connect, Cursor } from "@tidegate/protocol";
import type { GatewayLimits } from "../limits.ts";
import type { Ending } from "./ending.ts";
import { HeldFrames, type InboundFrame } from "./held-frames.ts";
import { readConnect } from "./inbound-message.ts";

/** What a frame of a client that is not authenticated leads to. */
export type EntranceStep =
  | { readonly kind: "connect"; readonly connect: Connect }
  | { readonly kind: "held" }
  | { readonly kind: "end"; readonly ending: Ending };

/** What the address asks for. */
export interface AddressWish {
  readonly channels: readonly string[];
  /** Where to resume those of them that are replayable. */
  readonly since: Cursor | undefined;
}

const HELD: EntranceStep = { kind: "held" };

/**
 * A connection before it is authenticated: first it waits for `connect`, then, until its turn has come and the token is verified, it holds
 * what comes behind. All of it within one deadline and bounded.
 */
export class Entrance {
  /** When the client has to be authenticated. */
  readonly deadline: number;
  /** Wanted once the client is in. */
  readonly wish: AddressWish;
  #held: HeldFrames | undefined;

  constructor(deadline: number, wish: AddressWish) {
    this.deadline = deadline;
    this.wish = wish;
  }

  /** It waits for its turn, or a token is being verified; from here on frames are held. */
  hold(): void {
    this.#held ??= new HeldFrames();
  }

  take(frame: InboundFrame, raw: boolean, limits: GatewayLimits): EntranceStep {
    if (frame.bytes > limits.unauthenticatedBytes) {
      return end("frame_too_large", `at most ${limits.unauthenticatedBytes} bytes before authentication`);
    }
    if (this.#held !== undefined) {
      return this.#held.hold(frame, limits)
        ? HELD
        : end("unauthenticated_limit", "wait for connected before sending more");
    }
    const connect = readConnect(frame);
    if (connect !== undefined) {
      return { kind: "connect", connect };
    }
    return raw
      ? end("receive_only", "a raw connection sends connect and nothing else")
      : end("connect_required", "the first message must be connect");
  }

  /** What was held, to be handled now that the client is in. */
  release(): readonly InboundFrame[] {
    return this.#held?.take() ?? [];
  }
}

function end(name: Ending["name"], reason: string): EntranceStep {
  return { kind: "end", ending: { name, reason } };
}
