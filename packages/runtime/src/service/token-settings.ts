import type * as z from "zod";
import { setting } from "../settings/setting.ts";
import { filePath, listOf, text, url } from "../settings/setting-schemas.ts";

/**
 * Which tokens a service accepts; for the table of every service that does. By name, because each takes those that it needs and
 * says in its own words what it reads from a token. Which algorithms there are is not known here.
 */
export const tokenSettings = Object.freeze({
  /** @param more sentences about what this means for the service. */
  algorithms: <Value, Written>(schema: z.ZodType<Value, Written>, more = "") =>
    setting({
      path: "auth.algorithms",
      schema,
      doc: `Accepted signature algorithms of tokens. What is not listed is refused, whatever keys there are.${more}`,
    }),
  secret: setting({
    path: "auth.secret",
    schema: text({ max: 4096 }).optional(),
    secret: true,
    doc: "Shared secret for the HS algorithms: at least 32, 48 or 64 bytes for HS256, HS384, HS512.",
  }),
  keySetFile: setting({
    path: "auth.keySetFile",
    schema: filePath().optional(),
    doc: "A file with a JSON Web Key Set.",
  }),
  keySetUrl: setting({
    path: "auth.keySetUrl",
    schema: url(["https", "http"]).optional(),
    doc: "Where the issuer publishes its JSON Web Key Set.",
  }),
  issuer: setting({
    path: "auth.issuer",
    schema: listOf(text({ max: 1024 })).optional(),
    doc: "Accepted `iss`. Not checked if absent.",
  }),
  audience: setting({
    path: "auth.audience",
    schema: listOf(text({ max: 1024 })).optional(),
    doc: "Accepted `aud`. Not checked if absent, and then tokens that the issuer made for other services are accepted too.",
  }),
  userClaim: (doc: string) =>
    setting({ path: "auth.userClaim", schema: text({ max: 64 }), default: "sub", doc }),
  grantsClaim: (doc: string) =>
    setting({ path: "auth.grantsClaim", schema: text({ max: 64 }), default: "grants", doc }),
});
