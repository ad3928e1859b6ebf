import type { KeyObject } from "node:crypto";
import { X509Certificate } from "node:crypto";

/**
 * - `key`: what a genuine delivery is signed with.
 * - `refused`: no certificate of PayPal; asking again would not help.
 * - `unavailable`: it could not be fetched now.
 */
export type CertificateOutcome =
  | { readonly kind: "key"; readonly key: KeyObject }
  | { readonly kind: "refused"; readonly fault: "malformed_header" | "wrong_signature" }
  | { readonly kind: "unavailable"; readonly reason: string };

/** Fetches a text of at most `maxBytes` without following redirects. Rejects if there is none. */
export type FetchText = (url: string, maxBytes: number) => Promise<string>;

export interface PayPalCertificatesOptions {
  readonly fetchText: FetchText;
  /** PEM certificates that are known: a delivery that names their address needs no fetch. By address. */
  readonly pinned?: ReadonlyMap<string, string> | undefined;
}

/** The address comes with the request, from whoever sent it: these and no others. */
const HOSTS: ReadonlySet<string> = new Set(["api.paypal.com", "api.sandbox.paypal.com"]);
const PATH = /^\/v1\/notifications\/certs\/[A-Za-z0-9_-]{1,128}$/;
const CERTIFICATE = /-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----/g;
const SUBJECT = "paypal.com";
const MAX_BYTES = 65_536;
const MOST_CHAINED = 6;
/**
 * Anyone can make up names of certificates on PayPal's hosts. PayPal uses a few: this bounds what others can make us ask it.
 */
const FETCHES_PER_MINUTE = 30;
const MINUTE_MS = 60_000;
const MOST_KEPT = 32;

type Chain = readonly X509Certificate[];

/** The certificates that PayPal signs with, fetched once each from PayPal's own hosts. */
export class PayPalCertificates {
  readonly #fetchText: FetchText;
  readonly #pinned = new Map<string, Chain>();
  /** Oldest first. */
  readonly #fetched = new Map<string, Chain>();
  readonly #underWay = new Map<string, Promise<Chain | undefined>>();
  #window = { startMs: Number.NEGATIVE_INFINITY, fetches: 0 };

  /** @throws TypeError for a pinned certificate that cannot be read, or an address that PayPal would not name. */
  constructor({ fetchText, pinned = new Map() }: PayPalCertificatesOptions) {
    this.#fetchText = fetchText;
    for (const [url, pem] of pinned) {
      const chain = readChain(pem);
      if (!isPayPalUrl(url) || chain === undefined) {
        throw new TypeError("a pinned certificate is not one of PayPal, or its address is not");
      }
      this.#pinned.set(url, chain);
    }
  }

  /** Never rejects. */
  async keyFor(url: string, nowMs: number): Promise<CertificateOutcome> {
    if (!isPayPalUrl(url)) return { kind: "refused", fault: "malformed_header" };
    const chain = this.#pinned.get(url) ?? this.#fetched.get(url) ?? (await this.#fetch(url, nowMs));
    if (chain === undefined) {
      return { kind: "unavailable", reason: "the certificate could not be had from PayPal" };
    }
    const [leaf] = chain;
    return leaf !== undefined && isValid(chain, nowMs)
      ? { kind: "key", key: leaf.publicKey }
      : { kind: "refused", fault: "wrong_signature" };
  }

  #fetch(url: string, nowMs: number): Promise<Chain | undefined> {
    let fetching = this.#underWay.get(url);
    if (fetching !== undefined) return fetching;
    if (nowMs - this.#window.startMs >= MINUTE_MS) this.#window = { startMs: nowMs, fetches: 0 };
    if (this.#window.fetches >= FETCHES_PER_MINUTE) return Promise.resolve(undefined);
    this.#window.fetches += 1;
    fetching = this.#fetchOnce(url).finally(() => this.#underWay.delete(url));
    this.#underWay.set(url, fetching);
    return fetching;
  }

  async #fetchOnce(url: string): Promise<Chain | undefined> {
    const text = await this.#fetchText(url, MAX_BYTES).catch(() => "");
    const chain = readChain(text);
    if (chain === undefined) return undefined;
    this.#fetched.set(url, chain);
    const [oldest] = this.#fetched.keys();
    if (this.#fetched.size > MOST_KEPT && oldest !== undefined) this.#fetched.delete(oldest);
    return chain;
  }
}

/** Compared as a text and not only as a URL: two ways to write one address would be two entries, and one more way to err. */
function isPayPalUrl(url: string): boolean {
  const parsed = URL.parse(url);
  return (
    parsed !== null &&
    HOSTS.has(parsed.hostname) &&
    PATH.test(parsed.pathname) &&
    url === `https://${parsed.hostname}${parsed.pathname}`
  );
}

function readChain(pem: string): readonly X509Certificate[] | undefined {
  const texts = pem.match(CERTIFICATE) ?? [];
  if (texts.length === 0 || texts.length > MOST_CHAINED) return undefined;
  try {
    return texts.map((text) => new X509Certificate(text));
  } catch {
    return undefined;
  }
}

/**
 * That the leaf is PayPal's follows from where it was fetched, over TLS. What can be checked besides is checked: its name, that
 * each certificate is signed by the next one, and that all are in force.
 */
function isValid(chain: readonly X509Certificate[], nowMs: number): boolean {
  const [leaf] = chain;
  if (leaf?.publicKey.asymmetricKeyType !== "rsa" || !namesPayPal(leaf)) return false;
  return chain.every((certificate, index) => {
    const issuer = chain[index + 1];
    const inForce = Date.parse(certificate.validFrom) <= nowMs && nowMs <= Date.parse(certificate.validTo);
    if (!inForce || issuer === undefined) return inForce;
    return issuer.ca && certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
  });
}

function namesPayPal(leaf: X509Certificate): boolean {
  const name = /^CN=(.+)$/m.exec(leaf.subject)?.[1]?.toLowerCase() ?? "";
  return name === SUBJECT || name.endsWith(`.${SUBJECT}`);
}
