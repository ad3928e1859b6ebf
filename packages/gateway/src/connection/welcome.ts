import { isBatched } from "../fan-out/format.ts";
import type { Session } from "../handlers/session.ts";
import { subscribe } from "../handlers/subscribe.ts";
import type { AddressWish } from "./entrance.ts";
import { type Refused, refuse } from "./refusal.ts";
import { wantedJoins } from "./wanted-joins.ts";

/** The connection of a client that was let in just now. */
export interface Newcomer extends Session, Refused {
  /** Sends a message that is written already. */
  sendText(message: string): void;
  /** Sees to work that nobody waits for. */
  run(work: Promise<void>): void;
}

/**
 * All that a client is told without having asked for it singly: `connected` first, then what becomes of each channel that the address
 * or `connect` named.
 *
 * @param id of the `connect` that is answered; `undefined` if the handshake was enough.
 */
export function welcome(
  newcomer: Newcomer,
  wish: AddressWish,
  id: number | undefined,
  asked: readonly string[],
): void {
  const { context, principal, format } = newcomer;
  newcomer.sendText(context.greeting.text(newcomer.id, principal, isBatched(format), id));
  for (const { channel, from } of wantedJoins(wish, asked, context.policies)) {
    const outcome = subscribe(newcomer, channel, undefined, from);
    if (outcome instanceof Promise) {
      newcomer.run(outcome.then((error) => refuse(newcomer, error)));
    } else {
      refuse(newcomer, outcome);
    }
  }
}
