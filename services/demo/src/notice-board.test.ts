import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { FEED, type Notice, NoticeBoard } from "./notice-board.ts";
import { noticeText } from "./notice-text.ts";

let published: { channel: string; notice: Notice }[] = [];
let outcome: "sent" | "unavailable" = "sent";
const broker = {
  publish: (channel: string, payload: Uint8Array) => {
    if (outcome === "sent") {
      published.push({ channel, notice: JSON.parse(Buffer.from(payload).toString()) as Notice });
    }
    return outcome;
  },
};

beforeEach(() => {
  vi.useFakeTimers();
  published = [];
  outcome = "sent";
});

afterEach(() => {
  vi.useRealTimers();
});

test("posts a few at once, four a minute from then on, and none after the end", () => {
  const end = new AbortController();
  new NoticeBoard(broker).run(end.signal);
  expect(published.map(({ notice }) => notice.number)).toEqual([1, 2, 3]);
  vi.advanceTimersByTime(60_000);
  expect(published.map(({ notice }) => notice.number)).toEqual([1, 2, 3, 4, 5, 6, 7]);
  expect(new Set(published.map(({ channel }) => channel))).toEqual(new Set([FEED]));
  end.abort();
  vi.advanceTimersByTime(60_000);
  expect(published).toHaveLength(7);
});

test("returns what it posted, and leaves no hole in the numbers where it could not", () => {
  const board = new NoticeBoard(broker);
  const first = board.post();
  outcome = "unavailable";
  expect(board.post()).toBeUndefined();
  outcome = "sent";
  const second = board.post();
  expect([first, second]).toEqual(published.map(({ notice }) => notice));
  expect([first?.number, second?.number]).toEqual([1, 2]);
});

test("no two boards use the same id", () => {
  expect(new NoticeBoard(broker).post()?.id).not.toBe(new NoticeBoard(broker).post()?.id);
});

test("says something else each time", () => {
  const texts = Array.from({ length: 42 }, (_, index) => noticeText(index + 1));
  expect(new Set(texts).size).toBe(42);
});
