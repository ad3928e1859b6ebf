import { describe, expect, it } from "vitest";
import type { HmacAlgorithm } from "./algorithms.ts";
import { HmacSecret } from "./hmac-secret.ts";
import { KeyRing, type RingKey } from "./key-ring.ts";
import { SECRET } from "./tokens.fixture.ts";

function ringKey(algorithm: HmacAlgorithm, kid: string | undefined): RingKey {
  return {
    kid,
    verification: { kind: "hmac", algorithm, secret: new HmacSecret(algorithm, Buffer.from(SECRET)) },
  };
}

const A = ringKey("HS256", "a");
const A_TOO = ringKey("HS256", "a");
const B = ringKey("HS256", "b");
const UNNAMED = ringKey("HS256", undefined);
const OTHER = ringKey("HS512", "a");
const RING = new KeyRing([A, B, UNNAMED, A_TOO, OTHER]);

describe("KeyRing", () => {
  it.each([
    ["a token that names a key: all keys of that name", "HS256", "a", [A, A_TOO]],
    ["a name nobody has: the keys without one", "HS256", "zzz", [UNNAMED]],
    ["no name: all keys of the algorithm, in order", "HS256", undefined, [A, B, UNNAMED, A_TOO]],
    ["a name under another algorithm: only that algorithm's", "HS512", "a", [OTHER]],
    ["a name only another algorithm has: none", "HS512", "b", []],
    ["an algorithm without keys: none", "RS256", "a", []],
    ["a name that Object.prototype has: the keys without one", "HS256", "constructor", [UNNAMED]],
  ] as const)("offers for %s", (_name, algorithm, kid, keys) => {
    expect(RING.candidates(algorithm, kid)).toEqual(keys.map((key) => key.verification));
  });

  it("knows which names it has", () => {
    expect(RING.names("HS256", "b")).toBe(true);
    expect(RING.names("HS512", "b")).toBe(false);
    expect(RING.names("HS256", undefined)).toBe(false);
    expect(RING.names("RS256", "a")).toBe(false);
  });
});
