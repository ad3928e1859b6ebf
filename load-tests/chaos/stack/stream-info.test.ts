import { expect, test } from "vitest";
import { parseStreamInfo, streamOf } from "./stream-info.ts";

test("a stream is named by prefix and namespace", () => {
  expect(streamOf("rt", "chat")).toBe("rt_chat");
});

test("a clustered stream has a leader and followers", () => {
  const answer = {
    state: { first_seq: 3, last_seq: 9 },
    cluster: {
      leader: "a",
      replicas: [
        { name: "b", current: true },
        { name: "c", current: false },
      ],
    },
  };
  expect(parseStreamInfo(answer, "rt_chat")).toEqual({
    firstSequence: 3,
    lastSequence: 9,
    leader: "a",
    followers: [
      { name: "b", current: true },
      { name: "c", current: false },
    ],
  });
});

test("a stream of a single server has neither", () => {
  expect(parseStreamInfo({ state: { first_seq: 1, last_seq: 0 } }, "rt_chat")).toEqual({
    firstSequence: 1,
    lastSequence: 0,
    leader: undefined,
    followers: [],
  });
});

test("an error is said", () => {
  const answer = { error: { code: 404, description: "stream not found" } };
  expect(() => parseStreamInfo(answer, "rt_chat")).toThrow(/rt_chat.*stream not found/);
});
