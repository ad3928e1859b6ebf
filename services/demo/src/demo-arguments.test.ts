import { describe, expect, test } from "vitest";
import { parseDemoArguments } from "./demo-arguments.ts";

const gateway = ["--gateway", "http://127.0.0.1:4080"];

describe("the demo backend's arguments", () => {
  test("have defaults for all but the gateways", () => {
    expect(parseDemoArguments(gateway)).toEqual({
      kind: "run",
      gateways: ["http://127.0.0.1:4080"],
      hooks: undefined,
      webhookApi: undefined,
      host: "127.0.0.1",
      port: 4000,
    });
  });

  test("take several gateways", () => {
    const parsed = parseDemoArguments([...gateway, "--gateway=http://127.0.0.1:4081", "--port", "0"]);
    expect(parsed).toMatchObject({ gateways: ["http://127.0.0.1:4080", "http://127.0.0.1:4081"], port: 0 });
  });

  test.each([
    [[], /at least one gateway/],
    [[...gateway, "--port", "70000"], /70000/],
    [[...gateway, "--port", "4e3"], /4e3/],
    [[...gateway, "--prot", "1"], /--prot/],
    [[...gateway, "extra"], /extra/],
  ])("refuse %j and say what is wrong", (argv, message) => {
    expect(parseDemoArguments(argv)).toEqual({ kind: "refused", message: expect.stringMatching(message) });
  });

  test("ask for help", () => {
    expect(parseDemoArguments(["-h"])).toEqual({ kind: "help" });
  });
});
