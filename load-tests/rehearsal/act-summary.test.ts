import { expect, test } from "vitest";
import { actResult } from "./act-result.fixture.ts";
import { summaryOf } from "./act-summary.ts";

test("a summary says what became of clients, and leaves out every single wait", () => {
  const moments = [{ second: 105, lost: 4, returned: 3, delayMs: { 50: 100 }, catchUpMs: { 70: 1 } }];
  const summary = summaryOf(actResult({ moments }, { lost: 2, awayMs: [1, 2], delayMs: { 3: 4 } }));
  expect(summary).toMatchObject({
    act: "node-loss",
    tallies: [{ transport: "sse", node: 0, tally: { clients: 10, lost: 2 } }],
    moments: [{ second: 105, lost: 4, returned: 3 }],
  });
  expect(JSON.stringify(summary)).not.toMatch(/Ms"/);
});
