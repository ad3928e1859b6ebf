import { createTokenVerifier, DEVELOPMENT_KEY } from "@tidegate/auth";
import { spawnNode } from "@tidegate/testkit";
import { describe, expect, test } from "vitest";
import { DEVELOPMENT_CLAIMS } from "./development-claims.ts";

const SCRIPT = new URL("../../../scripts/mint-token.ts", import.meta.url);

interface Outcome {
  readonly code: number | null;
  readonly out: readonly string[];
  readonly err: string;
}

async function run(...args: readonly string[]): Promise<Outcome> {
  const process = await spawnNode(SCRIPT, { args });
  const { code } = await process.exited;
  const lines = (stream: string) =>
    process.lines.filter((line) => line.stream === stream).map(({ text }) => text);
  return { code, out: lines("stdout"), err: lines("stderr").join("\n") };
}

async function claimsOf(...args: readonly string[]): Promise<Readonly<Record<string, unknown>>> {
  const { code, out, err } = await run(...args);
  expect([code, err, out.length]).toEqual([0, "", 1]);
  const token = out[0] ?? "";
  const verifier = await createTokenVerifier({ algorithms: ["HS256"], keys: [DEVELOPMENT_KEY] });
  expect(await verifier.verify(token)).toMatchObject({ ok: true });
  return JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString()) as Record<
    string,
    unknown
  >;
}

describe("npm run token", () => {
  test("mints the token of npm start unless told otherwise, and prints nothing else", async () => {
    const { sub, grants, iat, exp } = await claimsOf();
    expect({ sub, grants, expiresInSeconds: Number(exp) - Number(iat) }).toEqual(DEVELOPMENT_CLAIMS);
  });

  test("grants what is named and nothing else", async () => {
    const named = ["--subscribe", "chat.>", "--subscribe", "user.{sub}", "--request=demo.>"];
    const claims = await claimsOf(
      "--sub",
      "ada",
      "--expires",
      "15m",
      "--issuer",
      "i",
      "--audience",
      "a",
      ...named,
    );
    expect(claims).toEqual({
      sub: "ada",
      iss: "i",
      aud: "a",
      iat: expect.any(Number),
      exp: Number(claims["iat"]) + 900,
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
    const { code, out, err } = await run(...args);
    expect([code, out]).toEqual([2, []]);
    expect(err).toMatch(message);
  });

  test("explains itself", async () => {
    const { code, out } = await run("--help");
    expect(code).toBe(0);
    expect(out.join("\n")).toMatch(/--subscribe PATTERN/);
  });
});
