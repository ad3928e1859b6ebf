import { BaseSequencer, type TestSpecification } from "vitest/node";

/**
 * The files that take longest, the longest first. Vitest knows durations only where it has run before, and else takes
 * the largest first; but the longest of all are short, and would begin when everything else has ended.
 */
export const LONGEST: readonly string[] = [
  "services/demo/src/page-connection.browser.test.ts",
  "services/demo/src/feeds.browser.test.ts",
  "packages/gateway/src/fan-out/allocation.memory.test.ts",
  "services/demo/src/stack/stack.nats.test.ts",
  "tests/conformance/conformance.nats.test.ts",
  "load-tests/webhooks/crash-run.nats.test.ts",
  "load-tests/bench/contenders.nats.test.ts",
  "load-tests/rehearsal/play-act.nats.test.ts",
  "packages/webhooks/src/delivery/two-processes.nats.test.ts",
  "tests/webhooks/drain.nats.test.ts",
  "tests/gateway/drain.nats.test.ts",
  "packages/gateway/src/sse/stalled-reader.nats.test.ts",
  "packages/gateway/src/slow-replay.nats.test.ts",
  "packages/gateway/src/churn.nats.test.ts",
];

/** Orders test files within their project so that no long one is left when the others have ended. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const byProject = Map.groupBy(sorted, ({ project }) => project);
    return [...byProject.values()].flatMap((ofProject) => ofProject.toSorted((a, b) => rank(a) - rank(b)));
  }
}

function rank({ moduleId }: TestSpecification): number {
  const index = LONGEST.findIndex((file) => moduleId.endsWith(`/${file}`));
  return index < 0 ? LONGEST.length : index;
}
