import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: [
      "packages/*/src/**/*.test.ts",
      "services/*/src/**/*.test.ts",
      "tests/**/*.test.ts",
      "load-tests/**/*.test.ts",
      "scripts/**/*.test.ts",
    ],
    // Installs nats-server once, before any file needs it: a hook would time out over the build.
    globalSetup: ["packages/testkit/src/global-setup.ts"],
    // Nobody waits for them where all is well; machines that others use too are slow.
    testTimeout: 60_000,
    hookTimeout: 120_000,
    // Each file gets its own process: uWebSockets.js holds one native loop per process.
    pool: "forks",
    // Most files wait for brokers, nodes and browsers: with a process per core, two cores would idle half of the time.
    maxWorkers: Math.max(4, availableParallelism()),
  },
});
