import { describe, expect, test } from "vitest";
import { DEVELOPMENT_CLAIMS } from "./development-claims.ts";
import { readTokenArguments } from "./token-arguments.ts";

describe("npm run token", () => {
  test("mints the development token unless told otherwise", () => {
    expect(readTokenArguments([])).toEqual({ kind: "mint", claims: DEVELOPMENT_CLAIMS });
    expect(readTokenArguments(["--sub", "ada", "--expires", "15m"])).toEqual({
      kind: "mint",
      claims: { sub: "ada", expiresInSeconds: 900, grants: DEVELOPMENT_CLAIMS.grants },
    });
  });

  test("grants what is named and nothing else", () => {
    const argv = ["--subscribe", "chat.>", "--subscribe", "user.{sub}", "--request=demo.>", "--issuer", "i"];
    expect(readTokenArguments(argv)).toEqual({
      kind: "mint",
      claims: {
        sub: "developer",
        expiresInSeconds: 86_400,
        grants: { subscribe: ["chat.>", "user.{sub}"], request: ["demo.>"] },
        issuer: "i",
      },
    });
  });

  test.each([
    [["--expires", "1w"], /--expires.*"1w"/],
    [["--expires", "0s"], /--expires/],
    [["--expires", "3651d"], /3650d/],
    [["--sub", ""], /--sub/],
    [["--sub", " ada"], /white space/],
    [["--sub", "ä".repeat(65)], /128 bytes/],
    [["--subscribe", "chat..x"], /chat\.\.x.*empty token/],
    [["--publish", "chat.>.x"], /grants\.publish/],
    [["--subcribe", "chat.>"], /--subcribe/],
    [["chat.>"], /chat\.>/],
    [["--subscribe"], /--subscribe/],
  ])("refuses %j and says what is wrong", (argv, message) => {
    expect(readTokenArguments(argv)).toEqual({ kind: "refused", message: expect.stringMatching(message) });
  });

  test("helps", () => {
    expect(readTokenArguments(["--help"])).toEqual({ kind: "help" });
  });
});
