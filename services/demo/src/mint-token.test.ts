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

async function claims(): Promise<Readonly<Record<string, unknown>>> {
  const { code, out, err } = await run();
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
    const { sub, grants, iat, exp } = await claims();
    expect({ sub, grants, expiresInSeconds: Number(exp) - Number(iat) }).toEqual(DEVELOPMENT_CLAIMS);
  });

  test("refuses with a code of its own, and prints what is wrong where no token is expected", async () => {
    const { code, out, err } = await run("--subscribe", "chat..x");
    expect([code, out]).toEqual([2, []]);
    expect(err).toMatch(/chat\.\.x.*empty token/);
  });
});
