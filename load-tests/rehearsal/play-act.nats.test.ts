import { expect, test } from "vitest";
import { addTallies, TRANSPORTS } from "../chaos/accounting/tally.ts";
import { playAct } from "./play-act.ts";
import { renderReport, verdictsOf } from "./rehearsal-report.ts";

/** Several processes start, behind an HAProxy that may have to be installed, on cores that others use too. */
const LIMIT_MS = 240_000;

test("a small cluster behind HAProxy loses a node and no message", { timeout: LIMIT_MS }, async () => {
  const options = {
    acts: ["node-loss"],
    transports: TRANSPORTS,
    clients: 32,
    channels: 4,
    rate: 40,
    nodes: 2,
    natsServers: 1,
    clientProcesses: 1,
    calmSeconds: 2,
    outageSeconds: 1,
    windowSeconds: 1,
    json: false,
    record: undefined,
  } as const;
  const result = await playAct("node-loss", options, AbortSignal.timeout(LIMIT_MS), () => {});
  const tally = addTallies(result.tallies.map((one) => one.tally));
  expect(tally).toMatchObject({ clients: 32, lost: 0, twice: 0, outOfOrder: 0, phantom: 0, foreign: 0 });
  expect(tally.expected).toBeGreaterThan(0);
  const lasting = addTallies(
    result.tallies
      .filter(({ transport }) => transport === "websocket" || transport === "sse")
      .map((one) => one.tally),
  );
  // Those of the node that was killed, and all of them came back.
  expect(lasting.connectionsLost).toBeGreaterThan(0);
  expect(lasting.awayMs).toHaveLength(lasting.connectionsLost);
  expect(result.moments.reduce((sum, { returned }) => sum + returned, 0)).toBe(lasting.connectionsLost);
  expect(result.storeLost).toBe(0);
  // How long things took is this machine's, now; nothing else may be amiss.
  const missed = verdictsOf([result]).filter(
    ({ title, verdict }) => verdict === "missed" && !title.includes("p99"),
  );
  expect(missed).toEqual([]);
  expect(renderReport([result], "here")).toContain("node-loss");
});
