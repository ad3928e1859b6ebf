import { randomUUID } from "node:crypto";
import { link, mkdir, readFile, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { dirname } from "node:path";
import { setTimeout as delay } from "node:timers/promises";

export interface InstallLockOptions {
  readonly signal?: AbortSignal | undefined;
  /** Called once if someone else holds the lock. */
  readonly onWait?: () => void;
  /** Pause between two attempts. Default 100. */
  readonly retryMs?: number;
  /** A lock untouched for this long was left behind. Its holder touches it four times as often. Default 20000. */
  readonly staleMs?: number;
}

/**
 * Runs an installation while holding a lock file, so that processes started together install once.
 *
 * A lock is taken over if its holder is a dead process of this host, or has not touched it for `staleMs`.
 * In the rarest case (two processes taking over the same lock at the same moment) both may run: whoever
 * installs must put its result in place by an atomic rename. The lock saves work, the rename keeps it correct.
 */
export async function withInstallLock<T>(
  path: string,
  options: InstallLockOptions,
  install: () => Promise<T>,
): Promise<T> {
  const { signal, onWait, retryMs = 100, staleMs = 20_000 } = options;
  const holder = JSON.stringify({ pid: process.pid, host: hostname(), id: randomUUID() });
  await mkdir(dirname(path), { recursive: true });
  for (let attempt = 0; !(await createExclusively(path, holder)); attempt += 1) {
    signal?.throwIfAborted();
    if (attempt === 0) onWait?.();
    if (!(await removeIfLeftBehind(path, staleMs))) await delay(retryMs);
  }

  const touch = setInterval(() => {
    const now = new Date();
    // If someone took the lock over there is nothing to touch, and nothing to do about it.
    utimes(path, now, now).catch(() => {});
  }, staleMs / 4);
  touch.unref();
  try {
    return await install();
  } finally {
    clearInterval(touch);
    if ((await read(path)) === holder) await rm(path, { force: true });
  }
}

/** Linking a complete file, since a reader of a file made with the exclusive flag may find it still empty. */
async function createExclusively(path: string, content: string): Promise<boolean> {
  const draft = `${path}.${randomUUID()}`;
  await writeFile(draft, content);
  try {
    await link(draft, path);
    return true;
  } catch (error) {
    if (hasCode(error, "EEXIST")) return false;
    throw error;
  } finally {
    await rm(draft, { force: true });
  }
}

async function removeIfLeftBehind(path: string, staleMs: number): Promise<boolean> {
  const holder = await read(path);
  if (holder === undefined) return true;
  if (!(isDeadProcess(holder) || (await ageMs(path)) > staleMs)) return false;
  // Renaming first, so that of several processes that see the same old lock only one removes it.
  const removed = `${path}.${randomUUID()}`;
  try {
    await rename(path, removed);
  } catch (error) {
    if (hasCode(error, "ENOENT")) return true;
    throw error;
  }
  await rm(removed, { force: true });
  return true;
}

function isDeadProcess(holder: string): boolean {
  let parsed: unknown;
  try {
    parsed = JSON.parse(holder);
  } catch {
    return false;
  }
  if (typeof parsed !== "object" || parsed === null || !("pid" in parsed) || !("host" in parsed))
    return false;
  // A shared file system: process ids of another host mean nothing here.
  if (parsed.host !== hostname() || typeof parsed.pid !== "number") return false;
  try {
    process.kill(parsed.pid, 0);
    return false;
  } catch (error) {
    return hasCode(error, "ESRCH");
  }
}

async function read(path: string): Promise<string | undefined> {
  return await readFile(path, "utf8").catch(() => undefined);
}

async function ageMs(path: string): Promise<number> {
  const status = await stat(path).catch(() => undefined);
  return status === undefined ? 0 : Date.now() - status.mtimeMs;
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}
