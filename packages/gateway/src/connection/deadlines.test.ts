import { describe, expect, it } from "vitest";
import { identity, LIMITS, NOW } from "../../testing/fake-node.ts";
import { CLOSED, type ConnectionState } from "./connection-state.ts";
import { nextDeadline, overdue } from "./deadlines.ts";
import { Entrance } from "./entrance.ts";
import type { OutboxState } from "./outbox.ts";

const NEVER = Number.POSITIVE_INFINITY;
const FLOWING: OutboxState = { kind: "flowing" };
const LAGGING: OutboxState = { kind: "lagging", since: NOW, ceiling: 0, missed: 0 };
const BROKEN: OutboxState = { kind: "broken" };

const entering: ConnectionState = {
  kind: "entering",
  entrance: new Entrance(NOW + 100, { channels: [], since: undefined }),
};
const open: ConnectionState = { kind: "open", principal: identity({ expiresAt: NOW + 60_000 }) };
const anonymous: ConnectionState = { kind: "open", principal: undefined };
const leaving: ConnectionState = { kind: "leaving", principal: identity({ expiresAt: NOW + 60_000 }) };

describe("deadlines", () => {
  it.each([
    ["an entering connection, by its deadline", entering, FLOWING, NOW + 100, "connect_timeout"],
    ["an open one, when its token expires", open, FLOWING, NOW + 60_000, "token_expired"],
    ["a leaving one, when its token expires", leaving, FLOWING, NOW + 60_000, "token_expired"],
    ["a lagging one, after its grace", open, LAGGING, NOW + LIMITS.laggingMs, "slow_consumer"],
    ["a lagging anonymous one", anonymous, LAGGING, NOW + LIMITS.laggingMs, "slow_consumer"],
  ] as const)("end %s", (_what, state, outbox, at, name) => {
    expect(nextDeadline(state, outbox, LIMITS)).toBe(at);
    expect(overdue(state, outbox, LIMITS, at - 1)).toBeUndefined();
    expect(overdue(state, outbox, LIMITS, at)?.name).toBe(name);
  });

  it("never end an anonymous connection that reads, nor one that is closed", () => {
    expect(nextDeadline(anonymous, FLOWING, LIMITS)).toBe(NEVER);
    expect(overdue(anonymous, FLOWING, LIMITS, NOW + 1e12)).toBeUndefined();
    expect(nextDeadline(CLOSED, FLOWING, LIMITS)).toBe(NEVER);
  });

  it("end one with a broken outbox at once", () => {
    expect(nextDeadline(open, BROKEN, LIMITS)).toBeLessThan(NOW);
    expect(overdue(open, BROKEN, LIMITS, NOW)?.name).toBe("slow_consumer");
  });

  it("take what comes first: the token of a lagging client may expire before its grace ends", () => {
    const soon: ConnectionState = { kind: "open", principal: identity({ expiresAt: NOW + 1 }) };
    expect(nextDeadline(soon, LAGGING, LIMITS)).toBe(NOW + 1);
    expect(overdue(soon, LAGGING, LIMITS, NOW + LIMITS.laggingMs)?.name).toBe("token_expired");
  });
});
