import type { Algorithm } from "./algorithms.ts";
import { AuthError } from "./auth-error.ts";
import { readClaims } from "./claims.ts";
import { type CompactToken, readCompactToken } from "./compact-token.ts";
import { GrantsCache } from "./grants-cache.ts";
import { isPublicKeyAlgorithm } from "./json-web-key.ts";
import { KeyRing } from "./key-ring.ts";
import { type KeySetStatus, RemoteKeySet } from "./remote-key-set.ts";
import { signatureMatches, type VerificationKey } from "./signature.ts";
import { importStaticKeys } from "./static-keys.ts";
import { parseStrictObject } from "./strict-json.ts";
import { TokenCache, type VerifiedToken } from "./token-cache.ts";
import { HeaderReader, type TokenHeader } from "./token-header.ts";
import { type Rejection, rejection, type Verification } from "./verification.ts";
import {
  type ResolvedVerifierOptions,
  resolveVerifierOptions,
  type TokenVerifierOptions,
} from "./verifier-options.ts";

/** For metrics and readiness. */
export interface VerifierStatus {
  /** Configured keys, counted once for each algorithm they serve. */
  readonly staticKeys: number;
  /** `undefined` if no key set is configured. */
  readonly keySet: KeySetStatus | undefined;
}

export interface TokenVerifier {
  /**
   * Verifies one token as it came from a client. Never throws or rejects, whatever it is given. Answers on the spot for
   * HMAC, and for a token that was verified before and is still good under the same keys; public keys take a thread. Waits
   * on the network only if a key set is configured and no key at hand can decide; then for one fetch at most.
   */
  verify(token: string): Verification | Promise<Verification>;
  readonly status: VerifierStatus;
  /** Stops refreshing the key set and aborts a fetch under way. Tokens that wait for it fail. */
  close(): void;
}

/**
 * Builds a verifier: checks the options, imports the keys, fetches the key set once. Throws `AuthError` if the
 * configuration cannot be right. An unreachable key set is no such case, since it may come back: the verifier
 * then starts without it, says so in `status` and goes on trying.
 */
export async function createTokenVerifier(options: TokenVerifierOptions): Promise<TokenVerifier> {
  const resolved = resolveVerifierOptions(options);
  const ring = new KeyRing(await importStaticKeys(resolved.keys, resolved.algorithms));
  for (const algorithm of resolved.algorithms) {
    assertServed(algorithm, ring, resolved.jwks !== undefined);
  }
  if (resolved.jwks === undefined) {
    return new Verifier(resolved, ring, undefined);
  }
  const remote = new RemoteKeySet(resolved.jwks, resolved.algorithms, resolved.fetch, resolved.now);
  await remote.start();
  return new Verifier(resolved, ring, remote);
}

const BAD_SIGNATURE = rejection(
  "token_signature",
  "The token is not signed with a key that is accepted here, or was changed after signing.",
);
const KEYS_UNAVAILABLE = rejection(
  "keys_unavailable",
  "The keys that could verify the token cannot be fetched now. Try again later with the same token.",
);
const BAD_PAYLOAD = rejection(
  "token_malformed",
  "The token's claims are not one JSON object with distinct names and moderate nesting.",
);

class Verifier implements TokenVerifier {
  readonly #options: ResolvedVerifierOptions;
  readonly #ring: KeyRing;
  readonly #remote: RemoteKeySet | undefined;
  readonly #grants = new GrantsCache();
  readonly #verified: TokenCache<KeyRing | undefined>;
  readonly #headers: HeaderReader;

  constructor(options: ResolvedVerifierOptions, ring: KeyRing, remote: RemoteKeySet | undefined) {
    this.#options = options;
    this.#ring = ring;
    this.#remote = remote;
    this.#verified = new TokenCache(remote?.ring);
    this.#headers = new HeaderReader(options.algorithms);
  }

  verify(text: string): Verification | Promise<Verification> {
    const { maxTokenBytes, now } = this.#options;
    const token = readCompactToken(text, maxTokenBytes);
    if (!token.ok) {
      return token;
    }
    const header = this.#headers.read(token.header);
    if (!header.ok) {
      return header;
    }
    if (isPublicKeyAlgorithm(header.algorithm)) {
      const digest = TokenCache.digest(text);
      const known = digest === undefined ? undefined : this.#verified.find(digest, this.#remote?.ring, now());
      return known ?? this.#verifyPublic(token, header, digest);
    }
    // A MAC is checked in less time than it would take to remember it.
    return anyMatches(token, this.#ring.candidates(header.algorithm, header.kid)) === true
      ? this.#readSigned(token, header)
      : BAD_SIGNATURE;
  }

  get status(): VerifierStatus {
    return { staticKeys: this.#ring.size, keySet: this.#remote?.status };
  }

  close(): void {
    this.#remote?.close();
  }

  async #verifyPublic(
    token: CompactToken,
    header: TokenHeader,
    digest: string | undefined,
  ): Promise<Verification> {
    const isLocal = await anyMatches(token, this.#ring.candidates(header.algorithm, header.kid));
    const signer = isLocal ? this.#ring : await this.#askRemote(token, header);
    if (!(signer instanceof KeyRing)) {
      return signer;
    }
    const verification = this.#readSigned(token, header);
    const generation = this.#remote?.ring;
    // Not if the keys were replaced while the signature was checked.
    if (verification.ok && digest !== undefined && (isLocal || signer === generation)) {
      this.#verified.keep(digest, generation, verification);
    }
    return verification;
  }

  /** The signature comes before any look at the claims: an answer about them is only for who was given them. */
  #readSigned(token: CompactToken, header: TokenHeader): VerifiedToken | Rejection {
    this.#headers.keep(token.header, header);
    const { claims, now } = this.#options;
    const payload = parseStrictObject(token.payload);
    return payload === undefined ? BAD_PAYLOAD : readClaims(payload, claims, this.#grants, now());
  }

  /** The ring of the key set with the key that made the signature. */
  async #askRemote(token: CompactToken, { algorithm, kid }: TokenHeader): Promise<KeyRing | Rejection> {
    const remote = this.#remote;
    if (remote === undefined) {
      return BAD_SIGNATURE;
    }
    const ring = await remote.current();
    if (ring === undefined) {
      return KEYS_UNAVAILABLE;
    }
    if (await anyMatches(token, ring.candidates(algorithm, kid))) {
      return ring;
    }
    if (ring.names(algorithm, kid) || this.#ring.names(algorithm, kid)) {
      return BAD_SIGNATURE;
    }
    // The issuer may have a new key. Asking costs a fetch at most once per cooldown, however many tokens ask.
    const newer = await remote.newerThan(ring);
    if (newer === "none") {
      return BAD_SIGNATURE;
    }
    if (newer === "unavailable") {
      return KEYS_UNAVAILABLE;
    }
    return (await anyMatches(token, newer.candidates(algorithm, kid))) ? newer : BAD_SIGNATURE;
  }
}

/** Tries one key after the other; on the spot as long as they are secrets. */
function anyMatches(token: CompactToken, keys: readonly VerificationKey[]): boolean | Promise<boolean> {
  for (const [index, key] of keys.entries()) {
    const matches = signatureMatches(token, key);
    if (matches === true) {
      return true;
    }
    if (matches !== false) {
      return matches.then((yes) => yes || anyMatches(token, keys.slice(index + 1)));
    }
  }
  return false;
}

function assertServed(algorithm: Algorithm, ring: KeyRing, hasKeySet: boolean): void {
  if (ring.has(algorithm) || (hasKeySet && isPublicKeyAlgorithm(algorithm))) {
    return;
  }
  const reason = hasKeySet ? "a key set never brings HMAC secrets" : "no key is for it";
  throw new AuthError("algorithms_invalid", `algorithms lists ${algorithm}, but ${reason}`);
}
