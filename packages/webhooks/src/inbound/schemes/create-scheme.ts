import { fetchCertificate } from "./fetch-certificate.ts";
import { githubScheme } from "./github-scheme.ts";
import { gitlabSignedScheme } from "./gitlab-signed-scheme.ts";
import { gitlabTokenScheme } from "./gitlab-token-scheme.ts";
import type { HookScheme } from "./hook-scheme.ts";
import { PayPalCertificates } from "./paypal-certificates.ts";
import { paypalScheme } from "./paypal-scheme.ts";
import { razorpayScheme } from "./razorpay-scheme.ts";
import { shopifyScheme } from "./shopify-scheme.ts";
import { slackScheme } from "./slack-scheme.ts";
import { standardScheme } from "./standard-scheme.ts";
import { stripeScheme } from "./stripe-scheme.ts";
import { twilioScheme } from "./twilio-scheme.ts";

export const SCHEME_NAMES = [
  "standard",
  "github",
  "stripe",
  "slack",
  "shopify",
  "razorpay",
  "gitlab",
  "gitlab-token",
  "twilio",
  "paypal",
] as const;

type SchemeName = (typeof SCHEME_NAMES)[number];

/** What a scheme needs to know of a source. */
export interface SchemeOptions {
  readonly scheme: SchemeName;
  /** All that are valid now, at least one; for PayPal, the ids of its webhooks. */
  readonly secrets: readonly string[];
  /** The address as the sender knows it; for Twilio. */
  readonly publicUrl: string | undefined;
  /** PEM by address; for PayPal. */
  readonly certificates: ReadonlyMap<string, string>;
}

/**
 * @throws WebhooksError `invalid` for a secret that cannot be one of the scheme; TypeError for an address or certificate that
 *   cannot be used.
 */
export function createScheme({ scheme, secrets, publicUrl, certificates }: SchemeOptions): HookScheme {
  switch (scheme) {
    case "standard":
      return standardScheme(secrets);
    case "github":
      return githubScheme(secrets);
    case "stripe":
      return stripeScheme(secrets);
    case "slack":
      return slackScheme(secrets);
    case "shopify":
      return shopifyScheme(secrets);
    case "razorpay":
      return razorpayScheme(secrets);
    case "gitlab":
      return gitlabSignedScheme(secrets);
    case "gitlab-token":
      return gitlabTokenScheme(secrets);
    case "twilio":
      if (publicUrl === undefined) throw new TypeError("Twilio signs the address: publicUrl is needed");
      return twilioScheme(secrets, publicUrl);
    case "paypal":
      return paypalScheme(
        secrets,
        new PayPalCertificates({ fetchText: fetchCertificate, pinned: certificates }),
      );
  }
}
