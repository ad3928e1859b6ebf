import { describe, expect, it } from "vitest";
import type { StoredMessage } from "../store/stored-message.ts";
import { Pause } from "./pause.ts";

const at = (sequence: number): StoredMessage => ({
  channel: "feed.a",
  sequence,
  time: 0,
  payload: new Uint8Array(),
  event: undefined,
  publisher: undefined,
});

const sequences = (messages: readonly StoredMessage[]): number[] => messages.map(({ sequence }) => sequence);

describe("a pause that is rewound", () => {
  it("reads again what was read behind that place", () => {
    const pause = new Pause({ epoch: "k3j9x0ab", sequence: 10 });
    pause.begin();
    expect(sequences(pause.took([at(11), at(12)], 12))).toStrictEqual([11, 12]);
    expect(pause.bound).toBe(12);
    pause.rewind(11);
    expect(pause.begin().sequence).toBe(11);
    expect(sequences(pause.took([at(12), at(13)], 13))).toStrictEqual([12, 13]);
  });

  it("still lacks what came late before that place, and gets everything behind it once", () => {
    const pause = new Pause({ epoch: "k3j9x0ab", sequence: 10 });
    pause.begin();
    pause.took([at(14)], 14);
    pause.came(5);
    pause.came(13);
    pause.rewind(11);
    expect(pause.begin().sequence).toBe(4);
    expect(sequences(pause.took([at(5), at(6), at(11), at(13), at(14)], 14))).toStrictEqual([5, 13, 14]);
    expect(pause.lateMessages).toBe(0);
  });
});
