import { afterEach, describe, expect, test, vi } from "vitest";
import { Screen } from "./screen.ts";

function screen(json: boolean) {
  const out: string[] = [];
  const err: string[] = [];
  return {
    out,
    err,
    screen: new Screen({ json }, { out: (text) => out.push(text), err: (text) => err.push(text) }),
  };
}

describe("the screen", () => {
  afterEach(() => vi.useRealTimers());

  test("gives standard output to people, and to programs what is for them", () => {
    const { out, err, screen: shown } = screen(false);
    shown.say("hello");
    shown.quote("n1", "a warning");
    shown.complain("no");
    expect(out).toEqual(["hello\n"]);
    expect(err).toEqual(["n1      | a warning\n", "no\n"]);
  });

  test("keeps standard output for the one line when programs listen", () => {
    const { out, err, screen: shown } = screen(true);
    shown.say("hello");
    shown.quote("n1", "a warning");
    shown.report({ page: "http://x/\n" });
    expect(out).toEqual(['{"page":"http://x/\\n"}\n']);
    expect(err).toEqual(["hello\n", "n1      | a warning\n"]);
  });

  test("says now and then that a long step goes on, until it is over", () => {
    vi.useFakeTimers();
    const { out, screen: shown } = screen(false);
    const { onProgress, done } = shown.progress();
    onProgress("building");
    vi.advanceTimersByTime(20_500);
    done();
    vi.advanceTimersByTime(60_000);
    expect(out).toHaveLength(3);
    expect(out[0]).toBe("  building\n");
    expect(out[2]).toMatch(/20 s/);
  });
});
