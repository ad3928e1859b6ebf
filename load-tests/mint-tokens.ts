import { DEVELOPMENT_KEY, mintToken } from "@tidegate/auth";

const TOKEN_SECONDS = 24 * 60 * 60;

/**
 * A user for each client: a token for all would let caches do what they cannot do in earnest.
 *
 * @param subscribe patterns that all may subscribe to
 * @throws the reason of the signal.
 */
export async function mintTokens(
  count: number,
  subscribe: readonly string[],
  signal: AbortSignal,
): Promise<readonly string[]> {
  const tokens: string[] = [];
  for (let client = 0; client < count; client += 1) {
    signal.throwIfAborted();
    const claims = { sub: `user-${client}`, grants: { subscribe }, expiresInSeconds: TOKEN_SECONDS };
    tokens.push(await mintToken(claims, DEVELOPMENT_KEY));
  }
  return tokens;
}
