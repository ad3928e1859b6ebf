import { describe, expect, it } from "vitest";
import { EndOfTurn } from "./end-of-turn.ts";

describe("the end of a turn", () => {
  it("comes behind the turn, for all in their order, and again for those of the next", async () => {
    const run: string[] = [];
    const end = new EndOfTurn<string>((item) => run.push(item));
    end.add("a");
    end.add("b");
    end.add("a");
    expect(run).toStrictEqual([]);
    await Promise.resolve();
    expect(run).toStrictEqual(["a", "b", "a"]);
    end.add("c");
    expect(run).toHaveLength(3);
    await Promise.resolve();
    expect(run).toStrictEqual(["a", "b", "a", "c"]);
  });

  it("waits for what comes while it runs", async () => {
    const run: number[] = [];
    const end = new EndOfTurn<number>((item) => {
      run.push(item);
      if (item < 3) {
        end.add(item + 1);
      }
    });
    end.add(1);
    await Promise.resolve();
    expect(run).toStrictEqual([1, 2, 3]);
  });
});
