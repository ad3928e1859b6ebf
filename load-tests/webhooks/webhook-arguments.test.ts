import { describe, expect, test } from "vitest";
import { parseWebhookArguments } from "./webhook-arguments.ts";

describe("parseWebhookArguments", () => {
  test("crashes ten thousand deliveries by default, or does as it is told", () => {
    expect(parseWebhookArguments([])).toEqual({
      kind: "run",
      options: { what: "crash", deliveries: 10_000 },
    });
    expect(parseWebhookArguments(["throughput", "--deliveries", "5"])).toEqual({
      kind: "run",
      options: { what: "throughput", deliveries: 5 },
    });
    expect(parseWebhookArguments(["isolation", "-h"])).toEqual({ kind: "help" });
  });

  test.each([
    [["storm"], "name one of crash, isolation, throughput, not storm"],
    [["crash", "isolation"], "not crash isolation"],
    [["--deliveries", "many"], "--deliveries must be a whole number"],
    [["--deliveries", "0"], "--deliveries"],
    [["--unknown"], "--unknown"],
  ])("refuses %j", (argv, message) => {
    expect(parseWebhookArguments(argv)).toMatchObject({
      kind: "refused",
      message: expect.stringContaining(message),
    });
  });
});
