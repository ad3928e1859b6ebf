import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";

const FOLDERS = ["packages/*/src", "services/*/src", "tests", "load-tests", "scripts"];
/** Tests with brokers, browsers and processes of their own, and such as measure the memory of theirs. */
const REAL = ["nats", "browser", "process", "memory"];

function filesOf(kinds: readonly string[]): string[] {
  return FOLDERS.flatMap((folder) => kinds.map((kind) => `${folder}/**/*.${kind}`));
}

const real = filesOf(REAL.map((kind) => `${kind}.test.ts`));

export default defineConfig({
  test: {
    // Installs nats-server once, before any file needs it: a hook would time out over the build.
    globalSetup: ["packages/testkit/src/global-setup.ts"],
    // Nobody waits for them where all is well; machines that others use too are slow.
    testTimeout: 60_000,
    hookTimeout: 120_000,
    // Processes and not threads: uWebSockets.js holds one native loop per process.
    pool: "forks",
    // Most files wait for brokers, nodes and browsers: with a process per core, two cores would idle half of the time.
    maxWorkers: Math.max(4, availableParallelism()),
    projects: [
      { extends: true, test: { name: "real", include: real } },
      // Starting a process and loading its modules takes longer than most of these.
      { extends: true, test: { name: "pure", include: filesOf(["test.ts"]), exclude: real, isolate: false } },
    ],
  },
});
