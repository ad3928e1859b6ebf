/**
 * What a token can allow here.
 *
 * - `read`: to see endpoints, attempts, dead letters and health, but no secrets.
 * - `write`: to make, change and delete endpoints, to see and rotate their secrets, and to ping.
 * - `replay`: to deliver once more.
 */
export const API_ACTIONS = ["read", "write", "replay"] as const;
export type ApiAction = (typeof API_ACTIONS)[number];

/** Who sent a request. */
export interface ApiCaller {
  readonly name: string;
  may(action: ApiAction): boolean;
  /** Whether the caller may read all channels of a pattern, and so have them sent somewhere. */
  mayRead(pattern: string): boolean;
}

export type Authorization =
  | { readonly ok: true; readonly caller: ApiCaller }
  | {
      readonly ok: false;
      readonly code: "token_invalid" | "token_expired" | "unavailable";
      readonly detail: string;
    };

/** Finds out who a token is of. Never rejects. */
export type Authorize = (token: string) => Promise<Authorization>;
