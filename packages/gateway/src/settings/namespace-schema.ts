import type { HistoryPolicy } from "@tidegate/broker";
import { channelProblem, compileGrants, GRANT_ACTIONS, GrantSet, namespaceOf } from "@tidegate/protocol";
import { flag, listOf, milliseconds, oneOf, text } from "@tidegate/runtime";
import { z } from "zod";
import type { NamespacePolicy } from "../namespace-policies.ts";
import { historyPolicy, historySchema } from "./history-schema.ts";

const patterns = listOf(text({ max: 200 }), { max: 200 });
/** Methods belong to no namespace: requests are granted by tokens alone. */
const ACTIONS = GRANT_ACTIONS.filter((action) => action !== "request");
const MEANINGS: Readonly<Record<(typeof ACTIONS)[number], string>> = {
  subscribe: "Channels and patterns that may be subscribed to.",
  publish: "Channels that may be published to, as far as `publish` allows it at all.",
  presence: "Channels whose members may be seen.",
  history: "Channels whose history may be read: by page, or a number of messages with a subscription.",
};
const grants = z
  .strictObject(
    Object.fromEntries(
      ACTIONS.map((action) => [action, patterns.optional().describe(MEANINGS[action])]),
    ) as Record<(typeof ACTIONS)[number], z.ZodOptional<typeof patterns>>,
  )
  .superRefine((value, context) => {
    const compiled = compileGrants(withoutUndefined(value));
    if (!compiled.ok) {
      context.addIssue({ code: "custom", message: compiled.message });
    }
  });

/** More is no longer real time. */
const MOST_FLUSH_MS = 5_000;

const namespaceSchema = z.strictObject({
  publish: oneOf(["direct", "backend", "none"])
    .default("none")
    .describe("Where clients' messages go: straight to the subscribers, to the backends, or nowhere."),
  history: historySchema
    .optional()
    .describe(
      "Makes the channels replayable: messages are kept, and clients resume. Absent, channels are live and nothing is kept. `npm run provision` makes the stream.",
    ),
  flushInterval: milliseconds({ max: MOST_FLUSH_MS })
    .default(0)
    .describe(
      "How long a message may wait for others of its channel, to go out with them in one write. Saves most of the cost of channels with many messages and subscribers. 0: not at all.",
    ),
  conflate: oneOf(["none", "latest", "key"])
    .default("none")
    .describe(
      "Of the messages that wait together, `latest` sends the last of each channel, `key` the last with each `Tidegate-Conflate-Key`. For tickers, whose old values nobody needs; not with `history`.",
    ),
  events: flag()
    .default(false)
    .describe(
      "Announces which channels have subscribers, node by node: see [lifecycle-events.md](lifecycle-events.md).",
    ),
  grants: grants
    .optional()
    .describe(
      "What every authenticated user may do, besides what the token grants. `{sub}` stands for the user.",
    ),
  anonymous: grants.optional().describe("What clients without a token may do."),
});

/** The `namespaces` subtree: by name, what clients may do in each. */
export const namespacesSchema = z
  .record(
    z.string().refine((name) => channelProblem(name) === undefined && !name.includes("."), {
      message: "a namespace is one token of letters, digits and _=@,;:-",
    }),
    namespaceSchema,
  )
  .superRefine((namespaces, context) => {
    for (const [name, { grants: granted, anonymous, history, conflate }] of Object.entries(namespaces)) {
      if (history !== undefined && conflate !== "none") {
        context.addIssue({
          code: "custom",
          path: [name, "conflate"],
          message: "does not go with history, whose subscribers get every message",
        });
      }
      const refuse = (part: string, action: string, message: string): void =>
        context.addIssue({ code: "custom", path: [name, part, action], message });
      for (const [action, pattern] of everyPattern(granted)) {
        if (!beginsWith(name, pattern)) {
          refuse("grants", action, noEffect(pattern, name));
        }
      }
      for (const [action, pattern] of everyPattern(anonymous)) {
        if (pattern.includes("{sub}")) {
          refuse("anonymous", action, `${pattern} grants nothing: an anonymous client has no sub`);
        } else if (!beginsWith(name, pattern)) {
          refuse("anonymous", action, noEffect(pattern, name));
        }
      }
    }
  });

function everyPattern(value: object | undefined): readonly (readonly [action: string, pattern: string])[] {
  return Object.entries(value ?? {}).flatMap(([action, list]) =>
    Array.isArray(list) ? list.map((pattern) => [action, String(pattern)] as const) : [],
  );
}

/** The policy of a namespace is asked about its own channels alone. */
function beginsWith(namespace: string, pattern: string): boolean {
  return [namespace, "*", ">"].includes(namespaceOf(pattern));
}

function noEffect(pattern: string, namespace: string): string {
  return `${pattern} grants nothing here: patterns of this namespace begin with ${namespace}`;
}

type Namespaces = Readonly<Record<string, NamespaceSettings>>;

interface NamespaceSettings {
  readonly publish: NamespacePolicy["publish"];
  readonly flushInterval: number;
  readonly conflate: NamespacePolicy["conflate"];
  readonly events: boolean;
  readonly history?: z.output<typeof historySchema> | undefined;
  readonly grants?: object | undefined;
  readonly anonymous?: object | undefined;
}

export function namespacePolicies(namespaces: Namespaces): ReadonlyMap<string, NamespacePolicy> {
  return new Map(
    Object.entries(namespaces).map(([name, namespace]) => {
      const { publish, history, flushInterval, conflate, events, grants: granted, anonymous } = namespace;
      return [
        name,
        {
          publish,
          flushIntervalMs: flushInterval,
          conflate,
          events,
          history: history === undefined ? undefined : historyPolicy(history),
          grants: grantSet(granted),
          anonymous: grantSet(anonymous),
        },
      ];
    }),
  );
}

/** The namespaces that keep history, and what each keeps. */
export function historyPolicies(namespaces: Namespaces): ReadonlyMap<string, HistoryPolicy> {
  return new Map(
    [...namespacePolicies(namespaces)].flatMap(([name, { history }]) =>
      history === undefined ? [] : [[name, history] as const],
    ),
  );
}

function grantSet(value: object | undefined): GrantSet {
  if (value === undefined || everyPattern(value).length === 0) {
    return GrantSet.none;
  }
  const compiled = compileGrants(withoutUndefined(value));
  // The schema has compiled it before.
  return compiled.ok ? compiled.grants : GrantSet.none;
}

function withoutUndefined(value: object): object {
  return Object.fromEntries(Object.entries(value).filter(([, item]) => item !== undefined));
}
