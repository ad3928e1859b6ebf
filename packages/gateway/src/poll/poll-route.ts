import { decodeCursor } from "@tidegate/protocol";
import { turnedAwayProblem } from "../http/admitted.ts";
import { asSeenBy, authenticate } from "../http/authenticate.ts";
import { answerCacheable } from "../http/entity-tag.ts";
import { enter } from "../http/guest.ts";
import type { HttpCall } from "../http/http-call.ts";
import type { HttpContext } from "../http/http-context.ts";
import { type Parsed, readChannels, readInteger } from "../http/query.ts";
import { forbiddenChannel } from "../http/readable-channels.ts";
import type { Route } from "../http/route.ts";
import { Poll, type PollOutcome, type PollWish } from "./poll.ts";
import type { Polls } from "./polls.ts";

const TIMEOUT = { min: 0, max: 60_000, fallback: 25_000 };
const LIMIT = { min: 1, max: 1000, fallback: 100 };

/** `GET /v1/poll`: messages since a cursor, or the next ones. */
export function pollRoute(http: HttpContext, polls: Polls): Route {
  return { path: "/v1/poll", method: "GET", handle: (call) => handle(http, polls, call) };
}

async function handle(http: HttpContext, polls: Polls, call: HttpCall): Promise<void> {
  const { node, roster } = http;
  const turnedAway = node.gate.request();
  if (turnedAway !== undefined) {
    call.refuse(turnedAwayProblem(turnedAway));
    return;
  }
  const authentication = await authenticate(http, call);
  if (!authentication.ok) {
    call.refuse(authentication.problem);
    return;
  }
  const { principal } = authentication;
  const wish = readWish(http, call);
  if (!wish.ok) {
    call.refuse(wish.problem);
    return;
  }
  const forbidden = forbiddenChannel(node.policies, principal, wish.value.channels);
  if (forbidden !== undefined) {
    call.refuse(asSeenBy(principal, forbidden));
    return;
  }
  if (node.broker.state !== "connected") {
    call.refuse({ code: "broker_unavailable", detail: "the node cannot reach NATS now" });
    return;
  }
  const poll = new Poll(node, principal, wish.value, (over, outcome) => {
    polls.left(over);
    roster.leave(over);
    answer(call, wish.value, outcome);
  });
  const refusal = enter(roster, poll, call.head.address);
  if (refusal !== undefined) {
    call.refuse(refusal);
    return;
  }
  http.instruments.opened.poll.inc();
  polls.came(poll);
  call.exchange.onGone(() => poll.abort());
  poll.begin();
}

function readWish({ node, roster }: HttpContext, { query, head }: HttpCall): Parsed<PollWish> {
  const channels = readChannels(query, node.limits.subscriptionsPerConnection, node.policies);
  if (!channels.ok) {
    return channels;
  }
  const timeout = readInteger(query, "timeout", TIMEOUT);
  if (!timeout.ok) {
    return timeout;
  }
  const limit = readInteger(query, "limit", LIMIT);
  if (!limit.ok) {
    return limit;
  }
  const text = query.get("cursor") ?? "";
  const places = decodeCursor(text);
  if (text !== "" && places === undefined) {
    return { ok: false, problem: { code: "cursor_invalid", detail: '"cursor" is no cursor' } };
  }
  // A node that leaves lets nobody wait, and there is nobody to see what a HEAD waits for.
  const waits = !roster.isLeaving && head.method !== "HEAD";
  return {
    ok: true,
    value: {
      channels: channels.value,
      cursor: places === undefined ? undefined : { text, places },
      timeoutMs: waits ? timeout.value : 0,
      limit: limit.value,
    },
  };
}

/**
 * What is new makes one answer equal to another, not where the cursor has come to meanwhile; unless the poll had none, and its
 * answer tells where "now" was.
 */
function answer(call: HttpCall, wish: PollWish, outcome: PollOutcome | undefined): void {
  switch (outcome?.kind) {
    case "problem":
      call.refuse(outcome.problem);
      return;
    case "answer": {
      const { news, cursor } = outcome;
      const body = cursor === undefined ? `{${news}}` : `{${news},"cursor":"${cursor}"}`;
      answerCacheable(call, body, wish.cursor === undefined ? body : news);
      return;
    }
    case undefined:
      return;
  }
}
