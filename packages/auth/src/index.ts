// What a gateway, a script or a test needs. Rings, caches and parsers stay inside: nothing outside may verify
// a part of a token.
export type { Algorithm, HmacAlgorithm, PublicKeyAlgorithm } from "./algorithms.ts";
export { ALGORITHMS, isAlgorithm, isHmacAlgorithm } from "./algorithms.ts";
export type { AuthErrorCode } from "./auth-error.ts";
export { AuthError } from "./auth-error.ts";
export { DEVELOPMENT_KEY, isDevelopmentKey, productionKeyProblems } from "./development-key.ts";
export type { FetchKeySet, KeySetError, KeySetErrorCode } from "./fetch-key-set.ts";
export type { SigningKey, TokenClaims } from "./mint-token.ts";
export { mintToken } from "./mint-token.ts";
export type { KeySetStatus } from "./remote-key-set.ts";
export { sameSubject } from "./same-subject.ts";
export type { JsonWebKey, PublicKey, SecretKey, StaticKey } from "./static-keys.ts";
export type { TokenVerifier, VerifierStatus } from "./token-verifier.ts";
export { createTokenVerifier } from "./token-verifier.ts";
export type { Identity, Rejection, Verification, VerificationFailure } from "./verification.ts";
export { VERIFICATION_FAILURES } from "./verification.ts";
export type { KeySetOptions, TokenVerifierOptions } from "./verifier-options.ts";
export { verifierOptionsOf } from "./verifier-settings.ts";
