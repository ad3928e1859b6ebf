import { mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  endProcess,
  findOnPath,
  readEnvironment,
  type SupervisedProcess,
  supervise,
  waitUntil,
} from "@tidegate/testkit";
import { LoadTestError } from "../../load-test-error.ts";

const MOUNTED = "mounted";
const START_LIMIT_MS = 5000;
const STOP_GRACE_MS = 1000;
const PIECE_BYTES = 1024 * 1024;
/** A page: files of less take as much. */
const SMALLEST_PIECE_BYTES = 4096;
const BALLAST = "ballast";

/**
 * A file system in memory that can be full. (nats-server ends JetStream when no space is left, and not when a file may not grow,
 * so a limit on the size of its files would be something else.) It is mounted in a namespace of a process that only waits,
 * which takes no root where users may have namespaces, and is gone with that process whatever happens; others reach it through
 * that process.
 */
export class SmallDisk {
  /** Of its root. */
  readonly path: string;
  readonly #keeper: SupervisedProcess;
  readonly #mountPoint: string;

  private constructor(keeper: SupervisedProcess, mountPoint: string) {
    this.#keeper = keeper;
    this.#mountPoint = mountPoint;
    this.path = `/proc/${keeper.pid}/root${mountPoint}`;
  }

  /** @throws LoadTestError `tool_missing` where nobody but root may mount, or not even root. */
  static async mount(mebibytes: number): Promise<SmallDisk> {
    const env = readEnvironment();
    const [unshare] = await findOnPath("unshare", env);
    if (unshare === undefined) {
      throw new LoadTestError("tool_missing", `there is no unshare on PATH; it comes with util-linux`);
    }
    const mountPoint = await mkdtemp(join(tmpdir(), "tidegate-disk-"));
    const script = `mount -t tmpfs -o size=${mebibytes}m tmpfs "$1" && echo ${MOUNTED} && exec sleep infinity`;
    const printed: string[] = [];
    const keeper = await supervise(
      unshare,
      ["--user", "--map-root-user", "--mount", "/bin/sh", "-c", script, "sh", mountPoint],
      { env, output: (line) => printed.push(line), removeIfOrphaned: mountPoint, keepsAlive: false },
    );
    const disk = new SmallDisk(keeper, mountPoint);
    let ended = false;
    void keeper.exited.then(() => {
      ended = true;
    });
    try {
      await waitUntil(() => ended || printed.includes(MOUNTED), { timeoutMs: START_LIMIT_MS });
    } catch {
      // What it has printed says more.
    }
    if (ended || !printed.includes(MOUNTED)) {
      await disk.unmount();
      throw new LoadTestError("tool_missing", [UNMOUNTABLE, ...printed].join("\n"));
    }
    return disk;
  }

  /** Takes all space that is left. Returns how many bytes that was. */
  async fill(): Promise<number> {
    const ballast = await open(join(this.path, BALLAST), "a");
    let taken = 0;
    try {
      for (let size = PIECE_BYTES; size >= SMALLEST_PIECE_BYTES; ) {
        const piece = Buffer.alloc(size);
        try {
          taken += (await ballast.write(piece)).bytesWritten;
        } catch (error) {
          if (!(error instanceof Error && "code" in error && error.code === "ENOSPC")) {
            throw error;
          }
          size /= 2;
        }
      }
    } finally {
      await ballast.close();
    }
    return taken;
  }

  /** Gives back what {@link fill} took. */
  async free(): Promise<void> {
    await rm(join(this.path, BALLAST), { force: true });
  }

  async unmount(): Promise<void> {
    await endProcess(this.#keeper, "SIGKILL", STOP_GRACE_MS);
    await rm(this.#mountPoint, { recursive: true, force: true });
  }
}

const UNMOUNTABLE =
  "no file system can be mounted in a namespace of one's own, which full-disk needs: run it as root, or where users may have namespaces (sysctl kernel.unprivileged_userns_clone, kernel.apparmor_restrict_unprivileged_userns); in a container with CAP_SYS_ADMIN. What was said:";
