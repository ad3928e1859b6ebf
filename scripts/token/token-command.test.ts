import { createTokenVerifier, DEVELOPMENT_KEY } from "@tidegate/auth";
import { describe, expect, test } from "vitest";
import { runTokenCommand } from "./token-command.ts";

describe("npm run token", () => {
  test("grants what is named and nothing else", async () => {
    const named = ["--subscribe", "chat.>", "--subscribe", "user.{sub}", "--request=demo.>"];
    const { code, out, err } = await runTokenCommand(
      ["--sub", "ada", "--expires", "15m", "--issuer", "i", "--audience", "a"].concat(named),
    );
    expect([code, err]).toEqual([0, ""]);
    expect(out).toMatch(/^\S+\n$/);
    const verifier = await createTokenVerifier({ algorithms: ["HS256"], keys: [DEVELOPMENT_KEY] });
    expect(await verifier.verify(out.trim())).toMatchObject({ ok: true });
    const claims = JSON.parse(Buffer.from(out.split(".")[1] ?? "", "base64url").toString());
    expect(claims).toEqual({
      sub: "ada",
      iss: "i",
      aud: "a",
      iat: expect.any(Number),
      exp: Number(claims.iat) + 900,
      grants: { subscribe: ["chat.>", "user.{sub}"], request: ["demo.>"] },
    });
  });

  test.each([
    [["--expires", "1w"], /--expires.*"1w"/],
    [["--expires", "0s"], /--expires/],
    [["--expires", "3651d"], /3650d/],
    [["--sub", ""], /--sub/],
    [["--sub", " ada"], /white space/],
    [["--subscribe", "chat..x"], /chat\.\.x.*empty token/],
    [["--subcribe", "chat.>"], /--subcribe/],
    [["chat.>"], /chat\.>/],
  ])("refuses %j and says what is wrong", async (args, message) => {
    const { code, out, err } = await runTokenCommand(args);
    expect([code, out]).toEqual([2, ""]);
    expect(err).toMatch(message);
  });

  test("explains itself", async () => {
    const { code, out, err } = await runTokenCommand(["--help"]);
    expect([code, err]).toEqual([0, ""]);
    expect(out).toMatch(/--subscribe PATTERN/);
  });
});
