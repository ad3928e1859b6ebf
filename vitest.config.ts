import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";
import { LongestFirst } from "./tests/longest-first.ts";

const FOLDERS = ["packages/*/src", "services/*/src", "tests", "load-tests", "scripts"];

function filesOf(kinds: readonly string[]): string[] {
  return FOLDERS.flatMap((folder) => kinds.map((kind) => `${folder}/**/*.${kind}.test.ts`));
}

/** Tests with browsers and processes of their own, and such as measure the memory of theirs: one process each. */
const alone = filesOf(["browser", "process", "memory"]);
/** Tests with brokers of their own. */
const nats = filesOf(["nats"]);

export default defineConfig({
  test: {
    // Installs nats-server once, before any file needs it: a hook would time out over the build.
    globalSetup: ["packages/testkit/src/global-setup.ts"],
    // Nobody waits for them where all is well; machines that others use too are slow.
    testTimeout: 60_000,
    hookTimeout: 120_000,
    // The default of one second is less than a browser or a broker may take on them.
    expect: { poll: { timeout: 20_000 } },
    // Processes and not threads: uWebSockets.js holds one native loop per process.
    pool: "forks",
    // Most files wait for brokers, nodes and browsers: with a process per core, two cores would idle half of the time.
    maxWorkers: Math.max(4, availableParallelism()),
    sequence: { sequencer: LongestFirst },
    // In this order, so that the last to end are short. Starting a process and loading its modules takes a second of a
    // core, more than most files need themselves: one after the other they share what is left of four processes.
    projects: [
      { extends: true, test: { name: "alone", include: alone } },
      { extends: true, test: { name: "nats", include: nats, isolate: false } },
      {
        extends: true,
        test: {
          name: "pure",
          include: FOLDERS.map((folder) => `${folder}/**/*.test.ts`),
          exclude: [...alone, ...nats],
          isolate: false,
        },
      },
    ],
  },
});
