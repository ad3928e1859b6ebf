import type { Endpoint, EndpointSecret } from "./endpoint.ts";

/** All of them sign every delivery. */
const MAX_SECRETS = 10;

/** Puts a new secret in front; those before it sign on until the grace is over, or until they would have ended anyway. */
export function rotated(endpoint: Endpoint, value: string, graceMs: number, now: number): Endpoint {
  const until = now + graceMs;
  const old = endpoint.secrets
    .filter((secret) => secret.value !== value)
    .map((secret): EndpointSecret => ({ ...secret, expiresAt: Math.min(secret.expiresAt ?? until, until) }))
    .filter(({ expiresAt = 0 }) => expiresAt > now);
  const secrets = [{ value, createdAt: now }, ...old].slice(0, MAX_SECRETS);
  return { ...endpoint, secrets, updatedAt: now };
}
