import { readFileSync } from "node:fs";
import type { Authenticator } from "@nats-io/transport-node";
import { credsAuthenticator, nkeyAuthenticator } from "@nats-io/transport-node";
import { BrokerError } from "./broker-error.ts";

/** How this node proves to NATS who it is. Files are read again at every connect, so they may be rotated. */
export type BrokerCredentials =
  | { readonly kind: "none" }
  | { readonly kind: "password"; readonly user: string; readonly password: string }
  | { readonly kind: "token"; readonly token: string }
  /** A `.creds` file: user JWT and NKEY seed. */
  | { readonly kind: "creds_file"; readonly path: string }
  /** A file with nothing but an NKEY seed (`SU...`). */
  | { readonly kind: "nkey_file"; readonly path: string };

/** Stands in for the server's nonce when a file is tried out before connecting. */
const TRIAL_NONCE = "trial";

/**
 * Makes the authenticator nats.js asks at every connect.
 *
 * @throws BrokerError `unreadable_file` when a file is missing or is not what its kind says.
 */
export function authenticatorFor(credentials: BrokerCredentials): Authenticator | undefined {
  switch (credentials.kind) {
    case "none":
      return undefined;
    case "password":
      return () => ({ user: credentials.user, pass: credentials.password });
    case "token":
      return () => ({ auth_token: credentials.token });
    case "creds_file":
      return rereading(credentials.path, "a credentials file", credsAuthenticator);
    case "nkey_file":
      return rereading(credentials.path, "an NKEY seed file", (seed) => nkeyAuthenticator(trimmed(seed)));
  }
}

/**
 * An authenticator that throws makes nats.js close the connection for good. A file that is gone or half written in the
 * middle of a rotation must not do that, so the last content that worked is used until the next connect.
 */
function rereading(path: string, what: string, make: (content: Uint8Array) => Authenticator): Authenticator {
  const load = (): Authenticator => {
    const authenticator = make(new Uint8Array(readFileSync(path)));
    authenticator(TRIAL_NONCE);
    return authenticator;
  };
  let lastGood: Authenticator;
  try {
    lastGood = load();
  } catch {
    // The parser's error may quote the content, so it is not kept as a cause.
    throw new BrokerError("unreadable_file", `${path} is not readable as ${what}`);
  }
  return (nonce) => {
    try {
      lastGood = load();
    } catch {
      // Keep the last good one.
    }
    return lastGood(nonce);
  };
}

function trimmed(seed: Uint8Array): Uint8Array {
  return new TextEncoder().encode(new TextDecoder().decode(seed).trim());
}
