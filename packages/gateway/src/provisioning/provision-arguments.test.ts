import { describe, expect, it } from "vitest";
import { parseProvisionArguments } from "./provision-arguments.ts";

const NONE = { dryRun: false, allowDataLoss: false, newEpochs: [] };

describe("the arguments of provisioning", () => {
  it.each([
    [[], NONE, []],
    [["--config", "x.yaml"], NONE, ["--config", "x.yaml"]],
    [["--dry-run", "--config=x"], { ...NONE, dryRun: true }, ["--config=x"]],
    [["--allow-data-loss"], { ...NONE, allowDataLoss: true }, []],
    [["--new-epoch", "chat", "--new-epoch=feed"], { ...NONE, newEpochs: ["chat", "feed"] }, []],
    [["--unknown"], NONE, ["--unknown"]],
  ])("%j are taken out", (argv, options, rest) => {
    expect(parseProvisionArguments(argv)).toStrictEqual({ ok: true, options, rest });
  });

  it.each([[["--new-epoch"]], [["--new-epoch", "--dry-run"]], [["--new-epoch="]], [["--new-epoch", "a b"]]])(
    "%j are refused",
    (argv) => {
      expect(parseProvisionArguments(argv)).toMatchObject({ ok: false });
    },
  );
});
