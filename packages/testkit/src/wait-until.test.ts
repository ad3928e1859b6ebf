import { expect, test } from "vitest";
import { TestkitError } from "./testkit-error.ts";
import { waitUntil } from "./wait-until.ts";

test("the first truthy value is returned, of a plain or an asynchronous predicate", async () => {
  let looks = 0;
  expect(await waitUntil(() => (++looks === 3 ? "found" : undefined), { intervalMs: 1 })).toBe("found");
  expect(looks).toBe(3);
  expect(await waitUntil(async () => ++looks)).toBe(4);
});

test("it looks once even if there is no time", async () => {
  expect(await waitUntil(() => true, { timeoutMs: 0 })).toBe(true);
});

test("the error at the deadline says what was awaited", async () => {
  await expect(waitUntil(() => false, { timeoutMs: 5, message: "the moon" })).rejects.toMatchObject({
    code: "timeout",
    message: "timeout: waited 5 ms for the moon",
    cause: undefined,
  });
});

test("a predicate that throws is asked again, and its last error is the cause", async () => {
  let looks = 0;
  const flaky = () => {
    looks += 1;
    if (looks < 3) throw new Error("not yet");
    return "there";
  };
  expect(await waitUntil(flaky, { intervalMs: 1 })).toBe("there");

  const reason = new Error("never");
  const failure: unknown = await waitUntil(() => Promise.reject(reason), { timeoutMs: 5 }).catch(
    (error) => error,
  );
  expect(failure).toBeInstanceOf(TestkitError);
  expect(failure).toMatchObject({ cause: reason });
});

test("an abort ends the wait with its reason, even in a long pause", async () => {
  const abort = new AbortController();
  const waiting = waitUntil(
    () => {
      setImmediate(() => abort.abort(new Error("enough")));
      return false;
    },
    { intervalMs: 60_000, signal: abort.signal },
  );
  await expect(waiting).rejects.toThrow("enough");
});
