import { DEVELOPMENT_KEY, mintToken } from "@tidegate/auth";
import type { GrantPatterns } from "@tidegate/protocol";

/** Short enough that the page's refresh is seen to work in an afternoon. */
export const VISITOR_TOKEN_SECONDS = 3600;

const LONGEST_NAME = 24;
const NAME = new RegExp(`^[\\p{L}\\p{N}][\\p{L}\\p{M}\\p{N} ._-]{0,${LONGEST_NAME - 1}}$`, "u");

const VISITOR_GRANTS = {
  subscribe: ["chat.>", "feed.>", "hooks.>", "ticker.>"],
  publish: ["chat.>"],
  history: ["chat.>", "feed.>", "hooks.>"],
  request: ["demo.>"],
} as const satisfies GrantPatterns;

export type VisitorName =
  | { readonly ok: true; readonly name: string }
  | { readonly ok: false; readonly message: string };

/** The name a visitor asked for, tidied, or what is wrong with it. */
export function visitorName(value: unknown): VisitorName {
  const name = typeof value === "string" ? value.normalize("NFC").trim().replace(/ +/g, " ") : "";
  return NAME.test(name)
    ? { ok: true, name }
    : {
        ok: false,
        message: `A name has 1 to ${LONGEST_NAME} letters, digits, spaces or . _ - and begins with a letter or digit.`,
      };
}

/**
 * A token for one visitor of the page. Signed with the development key, which everyone knows: it proves nothing
 * about the visitor and is worth something only to gateways in development mode.
 */
export function visitorToken(name: string): Promise<string> {
  return mintToken(
    { sub: name, grants: VISITOR_GRANTS, expiresInSeconds: VISITOR_TOKEN_SECONDS },
    DEVELOPMENT_KEY,
  );
}
