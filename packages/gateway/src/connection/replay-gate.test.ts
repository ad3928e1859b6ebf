import { describe, expect, it } from "vitest";
import { ReplayGate } from "./replay-gate.ts";

function fixture() {
  const room = { is: true };
  const gate = new ReplayGate(() => room.is);
  const begun: number[] = [];
  const enter = (count: number): void => {
    for (let number = 1; number <= count; number += 1) {
      gate.enter(() => begun.push(number));
    }
  };
  return { room, gate, begun, enter };
}

describe("ReplayGate", () => {
  it("lets a few begin, and the next when one has ended, in order", () => {
    const { gate, begun, enter } = fixture();
    enter(10);
    expect(begun).toStrictEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    gate.leave();
    expect(begun.at(-1)).toBe(9);
    gate.leave();
    gate.leave();
    expect(begun).toHaveLength(10);
  });

  it("lets none begin without room, and goes on when there is", () => {
    const { room, gate, begun, enter } = fixture();
    room.is = false;
    enter(2);
    expect(begun).toStrictEqual([]);
    room.is = true;
    gate.advance();
    expect(begun).toStrictEqual([1, 2]);
  });

  it("looks at the room before each, since one may use it up", () => {
    const { room, gate } = fixture();
    const begun: number[] = [];
    for (let number = 1; number <= 4; number += 1) {
      gate.enter(() => {
        begun.push(number);
        room.is = number % 2 === 0;
        gate.leave();
      });
    }
    expect(begun).toStrictEqual([1]);
    room.is = true;
    gate.advance();
    expect(begun).toStrictEqual([1, 2, 3]);
  });
});
