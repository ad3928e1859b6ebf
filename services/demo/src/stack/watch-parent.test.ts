import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { watchParent } from "./watch-parent.ts";

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

test("tells once when the parent is another one", () => {
  let parent = 77;
  const onGone = vi.fn();
  watchParent(onGone, () => parent);
  vi.advanceTimersByTime(10_000);
  expect(onGone).not.toHaveBeenCalled();
  parent = 1;
  vi.advanceTimersByTime(10_000);
  expect(onGone).toHaveBeenCalledOnce();
});
