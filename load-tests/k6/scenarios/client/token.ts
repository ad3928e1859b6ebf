import { hmac } from "k6/crypto";
import { b64encode } from "k6/encoding";

/** Long enough for any run. */
const DEFAULT_SECONDS = 24 * 60 * 60;

/** For chat and the demo's methods: what the scenarios use. */
const GRANTS = { subscribe: ["chat.>"], publish: ["chat.>"], history: ["chat.>"], request: ["demo.>"] };

/**
 * A token for one user, signed (HS256) with the secret in `SECRET`; if `TOKEN` is set, that one for everybody.
 *
 * @throws Error if neither is set.
 */
export function tokenFor(user: string, seconds: number = DEFAULT_SECONDS): string {
  const { TOKEN: token, SECRET: secret } = __ENV;
  if (token !== undefined) {
    return token;
  }
  if (secret === undefined) {
    throw new Error("set SECRET or TOKEN (npm run load does)");
  }
  const now = Math.floor(Date.now() / 1000);
  const head = encode({ alg: "HS256", typ: "JWT" });
  const body = encode({ sub: user, iat: now, exp: now + seconds, grants: GRANTS });
  return `${head}.${body}.${hmac("sha256", secret, `${head}.${body}`, "base64rawurl")}`;
}

function encode(value: object): string {
  return b64encode(JSON.stringify(value), "rawurl");
}
