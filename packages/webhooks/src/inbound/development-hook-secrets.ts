/** Secrets of the development stack. Everyone knows them; production refuses them. */
export const DEVELOPMENT_HOOK_SECRETS = Object.freeze({
  stripe: "whsec_tidegate_development_only_stripe",
  github: "tidegate-development-only-github",
  standard: "whsec_dGlkZWdhdGUtZGV2ZWxvcG1lbnQtb25seS1zdGFuZA==",
});

const KNOWN: ReadonlySet<string> = new Set(Object.values(DEVELOPMENT_HOOK_SECRETS));
/** As weak as a password; generated secrets of all senders are longer. */
const SHORTEST = 16;

/** Why a secret does not fit for production; undefined if it does. Never repeats it. */
export function hookSecretProblem(secret: string): string | undefined {
  if (KNOWN.has(secret)) return "is a development secret, which everyone knows";
  return secret.length < SHORTEST ? `is shorter than ${SHORTEST} characters` : undefined;
}
