import { once } from "node:events";
import { describe, expect, test } from "vitest";
import { withTimeLimit } from "./time-limit.ts";

/** Ends as timers do: with an error that does not say why. */
async function untilAborted(signal: AbortSignal): Promise<void> {
  await once(signal, "abort");
  throw new Error("aborted");
}

describe("withTimeLimit", () => {
  test("gives the result of work that is done in time", async () => {
    const { signal } = new AbortController();
    expect(await withTimeLimit("working", 60_000, signal, async () => 7)).toBe(7);
  });

  test("ends work that takes longer, and names it", async () => {
    const { signal } = new AbortController();
    await expect(withTimeLimit("working", 1, signal, untilAborted)).rejects.toMatchObject({
      code: "timeout",
      message: "timeout: working took longer than 0.001 s",
    });
  });

  test("lets the errors of work through", async () => {
    const { signal } = new AbortController();
    const failing = withTimeLimit("working", 60_000, signal, async () => {
      throw new TypeError("wrong");
    });
    await expect(failing).rejects.toThrow(new TypeError("wrong"));
  });

  test("ends work when the caller gives up", async () => {
    const controller = new AbortController();
    const working = withTimeLimit("working", 60_000, controller.signal, untilAborted);
    controller.abort(new Error("interrupted"));
    await expect(working).rejects.toThrow("interrupted");
  });
});
