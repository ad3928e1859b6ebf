import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type Drainable, PacedDrain } from "./paced-drain.ts";

const WINDOW = { windowMs: 1_000, reconnectMs: 2_000 };

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

interface Member extends Drainable {
  readonly reconnects: number[];
  ends: number;
}

function fixture(count: number, times = WINDOW) {
  const drain = new PacedDrain(times);
  const connections = new Set<Member>();
  const leave = (member: Member): void => {
    if (connections.delete(member)) {
      drain.left();
    }
  };
  const members = Array.from({ length: count }, () => {
    const member: Member = {
      reconnects: [],
      ends: 0,
      drain: (reconnectMs) => {
        member.reconnects.push(reconnectMs);
      },
      end: () => {
        member.ends += 1;
        leave(member);
      },
    };
    connections.add(member);
    return member;
  });
  const deadline = new AbortController();
  let done = false;
  const run = () => {
    void drain.run(connections, deadline.signal).then(() => {
      done = true;
    });
  };
  return { drain, members, connections, deadline, leave, run, isDone: () => done };
}

async function settle(): Promise<void> {
  await vi.advanceTimersByTimeAsync(0);
}

describe("PacedDrain", () => {
  it("is over at once when nobody is there", async () => {
    const { run, isDone, drain } = fixture(0);
    expect(drain.started).toBe(false);
    run();
    await settle();
    expect([drain.started, isDone()]).toStrictEqual([true, true]);
  });

  it("spreads the goodbyes evenly over the window", async () => {
    const { members, run } = fixture(100);
    run();
    const told = (): number => members.filter(({ reconnects }) => reconnects.length > 0).length;
    expect(told()).toBe(5);
    await vi.advanceTimersByTimeAsync(475);
    expect(told()).toBe(50);
    await vi.advanceTimersByTimeAsync(525);
    expect(told()).toBe(100);
    expect(members.every(({ reconnects }) => reconnects.length === 1)).toBe(true);
  });

  it.each([3, 21, 39])(
    "spreads %d goodbyes, no whole number for each step, over the window, too",
    async (count) => {
      const { members, run } = fixture(count);
      run();
      const told = (): number => members.filter(({ reconnects }) => reconnects.length > 0).length;
      await vi.advanceTimersByTimeAsync(475);
      expect(told()).toBe(Math.ceil(count / 2));
      await vi.advanceTimersByTimeAsync(525);
      expect(told()).toBe(count);
    },
  );

  it("tells each client another wait, below the longest", async () => {
    const { members, run } = fixture(50);
    run();
    await vi.advanceTimersByTimeAsync(WINDOW.windowMs);
    const waits = members.flatMap(({ reconnects }) => reconnects);
    expect(new Set(waits).size).toBeGreaterThan(25);
    expect(waits.every((wait) => Number.isInteger(wait) && wait >= 0 && wait < WINDOW.reconnectMs)).toBe(
      true,
    );
  });

  it("is over when the last has left, and not before", async () => {
    const { members, leave, run, isDone } = fixture(3);
    run();
    await vi.advanceTimersByTimeAsync(WINDOW.windowMs);
    for (const member of members.slice(1)) {
      leave(member);
    }
    await settle();
    expect(isDone()).toBe(false);
    leave(members[0] as Member);
    await settle();
    expect(isDone()).toBe(true);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("closes whoever is left at the deadline, and is over then", async () => {
    const { members, deadline, run, isDone } = fixture(40);
    run();
    await vi.advanceTimersByTimeAsync(100);
    deadline.abort();
    await settle();
    expect(isDone()).toBe(true);
    expect(members.every(({ ends }) => ends === 1)).toBe(true);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("closes all at once when the deadline has passed already", async () => {
    const { members, deadline, run, isDone } = fixture(40);
    deadline.abort();
    run();
    await settle();
    expect(isDone()).toBe(true);
    expect(members.every(({ ends }) => ends === 1)).toBe(true);
  });
});
