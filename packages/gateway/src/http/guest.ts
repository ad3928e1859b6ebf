import type { Drainable } from "../paced-drain.ts";
import type { Roster } from "../roster.ts";
import type { HttpCall } from "./http-call.ts";
import type { Problem } from "./problem.ts";

const FULL: Problem = { code: "node_full", detail: "the node is full", retryAfter: 1000 };
const CROWDED: Problem = { code: "address_limit", detail: "too many from this address", retryAfter: 1000 };
const LEAVING: Problem = {
  code: "draining",
  detail: "the node is leaving; ask another one",
  retryAfter: 1000,
};

/** Counts somebody in, or says what to answer instead. */
export function enter(roster: Roster, member: Drainable, address: string): Problem | undefined {
  switch (roster.enter(member, address)) {
    case "node_full":
      return FULL;
    case "address_limit":
      return CROWDED;
    case undefined:
      return undefined;
  }
}

/**
 * A request while the node works on it: counts as one of its address, and the node waits for it before it leaves. `work` is given a
 * signal that aborts when nobody waits for the answer any more.
 */
export async function hosted(
  roster: Roster,
  call: HttpCall,
  work: (signal: AbortSignal) => Promise<void>,
): Promise<void> {
  if (roster.isLeaving) {
    call.refuse(LEAVING);
    return;
  }
  const abort = new AbortController();
  const member: Drainable = {
    // It will be over soon anyway.
    drain: () => {},
    end: () => {
      call.refuse(LEAVING);
      abort.abort();
      roster.leave(member);
    },
  };
  const refusal = enter(roster, member, call.head.address);
  if (refusal !== undefined) {
    call.refuse(refusal);
    return;
  }
  call.exchange.onGone(() => abort.abort());
  try {
    await work(abort.signal);
  } finally {
    roster.leave(member);
  }
}
