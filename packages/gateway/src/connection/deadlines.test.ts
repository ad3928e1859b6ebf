import { describe, expect, it } from "vitest";
import { BEGUN, identity, LIMITS } from "../../testing/fake-node.ts";
import { CLOSED, type ConnectionState } from "./connection-state.ts";
import { isTooOld, nextDeadline, overdue } from "./deadlines.ts";
import { Entrance } from "./entrance.ts";
import type { OutboxState } from "./outbox.ts";

const EXPIRES_AT = BEGUN + 60_000;
const NEVER = Number.POSITIVE_INFINITY;
const FLOWING: OutboxState = { kind: "flowing" };
const LAGGING: OutboxState = { kind: "lagging", since: BEGUN, ceiling: 0, missed: 0, missedIn: undefined };
const BROKEN: OutboxState = { kind: "broken" };

const entering: ConnectionState = {
  kind: "entering",
  entrance: new Entrance(BEGUN + 100, { channels: [], since: undefined }),
};
const open: ConnectionState = {
  kind: "open",
  principal: identity(),
  ageAt: NEVER,
};
const anonymous: ConnectionState = { kind: "open", principal: undefined, ageAt: NEVER };
const leaving: ConnectionState = {
  kind: "leaving",
  principal: identity(),
  cause: "draining",
};

describe("deadlines", () => {
  it.each([
    ["an entering connection, by its deadline", entering, FLOWING, BEGUN + 100, "connect_timeout"],
    ["an open one, when its token expires", open, FLOWING, EXPIRES_AT, "token_expired"],
    ["a leaving one, when its token expires", leaving, FLOWING, EXPIRES_AT, "token_expired"],
    ["a lagging one, after its grace", open, LAGGING, BEGUN + LIMITS.laggingMs, "slow_consumer"],
    ["a lagging anonymous one", anonymous, LAGGING, BEGUN + LIMITS.laggingMs, "slow_consumer"],
  ] as const)("end %s", (_what, state, outbox, at, name) => {
    expect(nextDeadline(state, EXPIRES_AT, outbox, undefined, LIMITS)).toBe(at);
    expect(overdue(state, EXPIRES_AT, outbox, undefined, LIMITS, at - 1)).toBeUndefined();
    expect(overdue(state, EXPIRES_AT, outbox, undefined, LIMITS, at)?.name).toBe(name);
  });

  it("never end an anonymous connection that reads, nor one that is closed", () => {
    expect(nextDeadline(anonymous, NEVER, FLOWING, undefined, LIMITS)).toBe(NEVER);
    expect(overdue(anonymous, NEVER, FLOWING, undefined, LIMITS, BEGUN + 1e12)).toBeUndefined();
    expect(nextDeadline(CLOSED, NEVER, FLOWING, undefined, LIMITS)).toBe(NEVER);
  });

  it("end one that reads but does not catch up in time", () => {
    const at = BEGUN + LIMITS.catchUpMs;
    expect(nextDeadline(anonymous, NEVER, FLOWING, BEGUN, LIMITS)).toBe(at);
    expect(overdue(anonymous, NEVER, FLOWING, BEGUN, LIMITS, at - 1)).toBeUndefined();
    expect(overdue(anonymous, NEVER, FLOWING, BEGUN, LIMITS, at)?.name).toBe("slow_consumer");
    expect(nextDeadline(anonymous, NEVER, LAGGING, BEGUN - LIMITS.catchUpMs, LIMITS)).toBe(BEGUN);
  });

  it("move one that is too old, which is no mistake of it", () => {
    const old: ConnectionState = { ...anonymous, ageAt: BEGUN + 500 };
    expect(nextDeadline(old, EXPIRES_AT, FLOWING, undefined, LIMITS)).toBe(BEGUN + 500);
    expect([isTooOld(old, BEGUN + 499), isTooOld(old, BEGUN + 500)]).toStrictEqual([false, true]);
    expect(overdue(old, EXPIRES_AT, FLOWING, undefined, LIMITS, BEGUN + 500)).toBeUndefined();
  });

  it("end one with a broken outbox at once", () => {
    expect(nextDeadline(open, EXPIRES_AT, BROKEN, undefined, LIMITS)).toBeLessThan(BEGUN);
    expect(overdue(open, EXPIRES_AT, BROKEN, undefined, LIMITS, BEGUN)?.name).toBe("slow_consumer");
  });

  it("take what comes first: the token of a lagging client may expire before its grace ends", () => {
    const soon: ConnectionState = { kind: "open", principal: identity(), ageAt: NEVER };
    expect(nextDeadline(soon, BEGUN + 1, LAGGING, undefined, LIMITS)).toBe(BEGUN + 1);
    expect(overdue(soon, BEGUN + 1, LAGGING, undefined, LIMITS, BEGUN + LIMITS.laggingMs)?.name).toBe(
      "token_expired",
    );
  });
});
