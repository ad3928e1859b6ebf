import { expect, test } from "vitest";
import { ofRound } from "./channel-truth.ts";

test("what earlier rounds published is no truth of this one", () => {
  const truth = { channel: "chat.a", numbers: [3, 5, 4, 6], sequences: [10, 12, 14, 17] };
  expect(ofRound(truth, 5)).toEqual({ channel: "chat.a", numbers: [5, 6], sequences: [12, 17] });
  expect(ofRound(truth, 0)).toEqual(truth);
});
