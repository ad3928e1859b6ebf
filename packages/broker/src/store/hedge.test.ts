import { setImmediate as turn } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type Attempt, hedge } from "./hedge.ts";

const PAUSES_MS = [100, 300];

interface Asked {
  readonly resolve: (value: string) => void;
  readonly reject: (error: Error) => void;
  answering: boolean;
  cancelled: boolean;
}

function setUp() {
  const asked: Asked[] = [];
  const ask = (): Attempt<string> => {
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    const one: Asked = { resolve, reject, answering: false, cancelled: false };
    asked.push(one);
    return {
      outcome: promise,
      isAnswering: () => one.answering,
      cancel: () => {
        one.cancelled = true;
      },
    };
  };
  return { asked, answer: hedge(ask, PAUSES_MS) };
}

async function pass(ms: number): Promise<void> {
  vi.advanceTimersByTime(ms);
  await turn();
}

describe("a hedged question", () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  });

  afterEach(() => {
    vi.useRealTimers();
  });

  it("is asked once where the answer comes soon", async () => {
    const { asked, answer } = setUp();
    await pass(99);
    asked[0]?.resolve("first");
    expect(await answer).toBe("first");
    await pass(1_000);
    expect(asked).toHaveLength(1);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("is asked again while nothing comes, and the first answer counts, whoever gives it", async () => {
    const { asked, answer } = setUp();
    await pass(100);
    await pass(200);
    expect(asked).toHaveLength(3);
    asked[1]?.resolve("second");
    expect(await answer).toBe("second");
    asked[0]?.resolve("first");
    expect(asked.every(({ cancelled }) => cancelled)).toBe(true);
  });

  it("is not asked again while an answer is coming in", async () => {
    const { asked, answer } = setUp();
    const [first] = asked;
    if (first !== undefined) first.answering = true;
    await pass(1_000);
    expect(asked).toHaveLength(1);
    first?.resolve("long");
    expect(await answer).toBe("long");
  });

  it("is not asked again by a node that was too busy to see the answer", async () => {
    const { asked, answer } = setUp();
    vi.advanceTimersByTime(100);
    asked[0]?.resolve("late");
    await turn();
    expect(await answer).toBe("late");
    expect(asked).toHaveLength(1);
  });

  it("fails with the first failure", async () => {
    const { asked, answer } = setUp();
    await pass(100);
    asked[0]?.reject(new Error("refused"));
    await expect(answer).rejects.toThrow("refused");
    asked[1]?.reject(new Error("too late"));
    expect(asked.every(({ cancelled }) => cancelled)).toBe(true);
  });
});
