import { channelProblem, compileGrants, GRANT_ACTIONS, GrantSet } from "@tidegate/protocol";
import { listOf, oneOf, text } from "@tidegate/runtime";
import { z } from "zod";
import type { NamespacePolicy } from "../namespace-policies.ts";

const patterns = listOf(text({ max: 200 }), { max: 200 });
const grants = z
  .strictObject(
    Object.fromEntries(GRANT_ACTIONS.map((action) => [action, patterns.optional()])) as Record<
      (typeof GRANT_ACTIONS)[number],
      z.ZodOptional<typeof patterns>
    >,
  )
  .superRefine((value, context) => {
    const compiled = compileGrants(withoutUndefined(value));
    if (!compiled.ok) {
      context.addIssue({ code: "custom", message: compiled.message });
    }
  });

const namespaceSchema = z.strictObject({
  publish: oneOf(["direct", "backend", "none"]).default("none"),
  grants: grants.optional(),
  anonymous: grants.optional(),
});

/** The `namespaces` subtree: by name, what clients may do in each. */
export const namespacesSchema = z.record(
  z.string().refine((name) => channelProblem(name) === undefined && !name.includes("."), {
    message: "a namespace is one token of letters, digits and _=@,;:-",
  }),
  namespaceSchema,
);

type Namespaces = Readonly<Record<string, NamespaceSettings>>;

interface NamespaceSettings {
  readonly publish: NamespacePolicy["publish"];
  readonly grants?: object | undefined;
  readonly anonymous?: object | undefined;
}

export function namespacePolicies(namespaces: Namespaces): ReadonlyMap<string, NamespacePolicy> {
  return new Map(
    Object.entries(namespaces).map(([name, { publish, grants: granted, anonymous }]) => [
      name,
      { publish, grants: grantSet(granted), anonymous: grantSet(anonymous) },
    ]),
  );
}

function grantSet(value: object | undefined): GrantSet {
  if (value === undefined) {
    return GrantSet.none;
  }
  const compiled = compileGrants(withoutUndefined(value));
  // The schema has compiled it before.
  return compiled.ok ? compiled.grants : GrantSet.none;
}

function withoutUndefined(value: object): object {
  return Object.fromEntries(Object.entries(value).filter(([, item]) => item !== undefined));
}
