import { describe, expect, it } from "vitest";
import { identity, LIMITS, NOW } from "../../testing/fake-node.ts";
import { CLOSED, type ConnectionState } from "./connection-state.ts";
import { isTooOld, nextDeadline, overdue } from "./deadlines.ts";
import { Entrance } from "./entrance.ts";
import type { OutboxState } from "./outbox.ts";

const NEVER = Number.POSITIVE_INFINITY;
const FLOWING: OutboxState = { kind: "flowing" };
const LAGGING: OutboxState = { kind: "lagging", since: NOW, ceiling: 0, missed: 0, missedIn: undefined };
const BROKEN: OutboxState = { kind: "broken" };

const entering: ConnectionState = {
  kind: "entering",
  entrance: new Entrance(NOW + 100, { channels: [], since: undefined }),
};
const open: ConnectionState = {
  kind: "open",
  principal: identity({ expiresAt: NOW + 60_000 }),
  ageAt: NEVER,
};
const anonymous: ConnectionState = { kind: "open", principal: undefined, ageAt: NEVER };
const leaving: ConnectionState = {
  kind: "leaving",
  principal: identity({ expiresAt: NOW + 60_000 }),
  cause: "draining",
};

describe("deadlines", () => {
  it.each([
    ["an entering connection, by its deadline", entering, FLOWING, NOW + 100, "connect_timeout"],
    ["an open one, when its token expires", open, FLOWING, NOW + 60_000, "token_expired"],
    ["a leaving one, when its token expires", leaving, FLOWING, NOW + 60_000, "token_expired"],
    ["a lagging one, after its grace", open, LAGGING, NOW + LIMITS.laggingMs, "slow_consumer"],
    ["a lagging anonymous one", anonymous, LAGGING, NOW + LIMITS.laggingMs, "slow_consumer"],
  ] as const)("end %s", (_what, state, outbox, at, name) => {
    expect(nextDeadline(state, outbox, undefined, LIMITS)).toBe(at);
    expect(overdue(state, outbox, undefined, LIMITS, at - 1)).toBeUndefined();
    expect(overdue(state, outbox, undefined, LIMITS, at)?.name).toBe(name);
  });

  it("never end an anonymous connection that reads, nor one that is closed", () => {
    expect(nextDeadline(anonymous, FLOWING, undefined, LIMITS)).toBe(NEVER);
    expect(overdue(anonymous, FLOWING, undefined, LIMITS, NOW + 1e12)).toBeUndefined();
    expect(nextDeadline(CLOSED, FLOWING, undefined, LIMITS)).toBe(NEVER);
  });

  it("end one that reads but does not catch up in time", () => {
    const at = NOW + LIMITS.catchUpMs;
    expect(nextDeadline(anonymous, FLOWING, NOW, LIMITS)).toBe(at);
    expect(overdue(anonymous, FLOWING, NOW, LIMITS, at - 1)).toBeUndefined();
    expect(overdue(anonymous, FLOWING, NOW, LIMITS, at)?.name).toBe("slow_consumer");
    expect(nextDeadline(anonymous, LAGGING, NOW - LIMITS.catchUpMs, LIMITS)).toBe(NOW);
  });

  it("move one that is too old, which is no mistake of it", () => {
    const old: ConnectionState = { ...anonymous, ageAt: NOW + 500 };
    expect(nextDeadline(old, FLOWING, undefined, LIMITS)).toBe(NOW + 500);
    expect([isTooOld(old, NOW + 499), isTooOld(old, NOW + 500)]).toStrictEqual([false, true]);
    expect(overdue(old, FLOWING, undefined, LIMITS, NOW + 500)).toBeUndefined();
  });

  it("end one with a broken outbox at once", () => {
    expect(nextDeadline(open, BROKEN, undefined, LIMITS)).toBeLessThan(NOW);
    expect(overdue(open, BROKEN, undefined, LIMITS, NOW)?.name).toBe("slow_consumer");
  });

  it("take what comes first: the token of a lagging client may expire before its grace ends", () => {
    const soon: ConnectionState = { kind: "open", principal: identity({ expiresAt: NOW + 1 }), ageAt: NEVER };
    expect(nextDeadline(soon, LAGGING, undefined, LIMITS)).toBe(NOW + 1);
    expect(overdue(soon, LAGGING, undefined, LIMITS, NOW + LIMITS.laggingMs)?.name).toBe("token_expired");
  });
});
