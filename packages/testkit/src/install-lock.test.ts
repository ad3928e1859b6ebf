import { existsSync } from "node:fs";
import { mkdtemp, readdir, rm, stat, utimes, writeFile } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { beforeEach, expect, onTestFinished, test } from "vitest";
import { withInstallLock } from "./install-lock.ts";
import { startParentToKill } from "./parent-to-kill.ts";
import { waitUntil } from "./wait-until.ts";

let path: string;

beforeEach(async () => {
  const directory = await mkdtemp(join(tmpdir(), "tidegate-test-"));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  path = join(directory, "not", "there", "lock");
});

test("only one works at a time, and nothing remains", async () => {
  let inside = 0;
  let most = 0;
  const work = async () => {
    inside += 1;
    most = Math.max(most, inside);
    await new Promise((resolve) => setTimeout(resolve, 5));
    inside -= 1;
  };
  await Promise.all(Array.from({ length: 8 }, () => withInstallLock(path, { retryMs: 1 }, work)));
  expect(most).toBe(1);
  expect(await readdir(dirname(path))).toEqual([]);
});

test("the result is returned, and a failure frees the lock", async () => {
  await expect(
    withInstallLock(path, {}, async () => {
      throw new Error("it failed");
    }),
  ).rejects.toThrow("it failed");
  expect(await withInstallLock(path, {}, async () => "result")).toBe("result");
});

test("who waits is told so once, and can be aborted", async () => {
  const release = Promise.withResolvers<void>();
  const holder = withInstallLock(path, {}, () => release.promise);
  await waitUntil(() => existsSync(path));
  const abort = new AbortController();
  let waits = 0;
  const waiter = withInstallLock(
    path,
    { signal: abort.signal, retryMs: 1, onWait: () => (waits += 1) },
    async () => {
      throw new Error("it must not run");
    },
  );
  waiter.catch(() => {});
  await waitUntil(() => waits > 0);
  abort.abort(new Error("enough"));
  await expect(waiter).rejects.toThrow("enough");
  expect(waits).toBe(1);
  release.resolve();
  await holder;
});

test("a lock of a process that was killed is taken over at once", async () => {
  await using parent = await startParentToKill(`
    import { withInstallLock } from ${JSON.stringify(import.meta.resolve("./install-lock.ts"))};
    await withInstallLock(${JSON.stringify(path)}, {}, async () => {
      console.log("{}");
      await new Promise((resolve) => setTimeout(resolve, 60_000));
    });
  `);
  await parent.report;
  parent.process.signal("SIGKILL");
  await parent.process.exited;
  expect(existsSync(path)).toBe(true);
  expect(await withInstallLock(path, { retryMs: 1 }, async () => "taken over")).toBe("taken over");
});

test.each([
  ["of another host", JSON.stringify({ pid: 1, host: `not-${hostname()}` })],
  ["that nobody can read", "?"],
])("a lock %s is taken over when it has not been touched for long", async (_name, content) => {
  await withInstallLock(path, {}, async () => {});
  await writeFile(path, content);
  const abort = new AbortController();
  const early = withInstallLock(
    path,
    { signal: abort.signal, retryMs: 1, onWait: () => abort.abort() },
    async () => {},
  );
  await expect(early).rejects.toThrow();
  const longAgo = new Date(Date.now() - 60_000);
  await utimes(path, longAgo, longAgo);
  expect(await withInstallLock(path, { retryMs: 1 }, async () => "taken over")).toBe("taken over");
});

test("the holder touches its lock, and removes none but its own", async () => {
  await withInstallLock(path, { staleMs: 40 }, async () => {
    const longAgo = new Date(Date.now() - 60_000);
    await utimes(path, longAgo, longAgo);
    await waitUntil(async () => Date.now() - (await stat(path)).mtimeMs < 30_000, { message: "a touch" });
    await writeFile(path, "another holder");
  });
  expect(existsSync(path)).toBe(true);
});
