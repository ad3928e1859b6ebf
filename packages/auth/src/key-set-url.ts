import { AuthError } from "./auth-error.ts";

const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/;

/**
 * Checks the address of a key set and returns it in normal form. Whoever can change the answer can sign tokens, so
 * plain `http` is only for this machine unless `allowInsecure` says otherwise. Errors do not repeat the URL,
 * which may hold a password.
 */
export function keySetUrl(text: string, allowInsecure: boolean): string {
  const url = URL.parse(text);
  if (url === null || (url.protocol !== "https:" && url.protocol !== "http:")) {
    throw new AuthError("key_set_invalid", "jwks.url must be an https URL");
  }
  if (url.username !== "" || url.password !== "") {
    throw new AuthError("key_set_invalid", "jwks.url must not hold a user name or password");
  }
  if (isPlainHttp(url) && !allowInsecure) {
    throw new AuthError(
      "key_set_invalid",
      "jwks.url must be https: over plain http anyone on the way can replace the keys",
    );
  }
  url.hash = "";
  return url.href;
}

/** Whether the address sends keys unprotected over a network. */
export function isPlainHttp(url: URL): boolean {
  return url.protocol !== "https:" && !LOOPBACK.test(url.hostname);
}
