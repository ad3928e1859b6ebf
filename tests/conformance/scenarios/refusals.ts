import { strict as assert } from "node:assert";
import { refused, type TransportContext } from "../context.ts";
import { onEveryTransport, type Scenario } from "../scenario.ts";
import { CLOSED_CHANNEL } from "../target.ts";
import { isWebSocket } from "../transports/transport.ts";

/** The token with another signature, of the same form. */
function tampered(token: string): string {
  const cut = token.lastIndexOf(".") + 1;
  const turned = [...token.slice(cut)].map((character) => (character === "A" ? "B" : "A")).join("");
  return `${token.slice(0, cut)}${turned}`;
}

async function refusesToken(
  context: TransportContext,
  token: string | undefined,
  ...codes: readonly string[]
): Promise<void> {
  const { status } = await refused(
    () => context.open(context.transport, { channels: [context.channel()], token }),
    ...codes,
  );
  assert.ok(status === undefined || status === 401 || status === 403, `HTTP status ${status}`);
}

const BAD_CHANNELS = [
  "",
  ".",
  "a..b",
  ".a",
  "a.",
  "a b",
  "a*",
  "a.>.b",
  "*",
  ">",
  "*.a",
  "a/b",
  "\u00e9",
  "a.b.c.d.e.f.g.h.i",
  "a".repeat(201),
];

export const REFUSALS: readonly Scenario[] = [
  onEveryTransport("a channel that is not granted is refused", async (context) => {
    await refused(() => context.subscribe([CLOSED_CHANNEL]), "forbidden");
    await refused(() => context.subscribe([context.channel(), CLOSED_CHANNEL]), "forbidden");
  }),

  onEveryTransport("the channel of the nodes' own ticks is closed", async (context) => {
    const namespace = context.target.prefix.split(".")[0] ?? "";
    await refused(() => context.subscribe([`${namespace}._tick`]), "forbidden");
  }),

  onEveryTransport("a channel that breaks the grammar is refused", async (context) => {
    for (const channel of BAD_CHANNELS) {
      const isEmptyList = channel === "" && !isWebSocket(context.transport);
      // A wildcard in the place of the namespace is well-formed, and granted to nobody.
      const codes = isEmptyList ? ["channel_invalid", "invalid_field"] : ["channel_invalid"];
      const isWild = channel === "*" || channel === ">" || channel === "*.a";
      await refused(
        () => context.subscribe([channel]),
        ...(isWild ? ["channel_invalid", "forbidden"] : codes),
      );
    }
  }),

  onEveryTransport("a client without a token is refused, where it needs one", async (context) => {
    await refusesToken(context, undefined, "token_missing", "forbidden");
  }),

  onEveryTransport("a token that nobody signed is refused", async (context) => {
    for (const token of ["x", "a.b.c", tampered(context.target.token), `${context.target.token}x`]) {
      await refusesToken(context, token, "token_invalid");
    }
  }),

  onEveryTransport(
    "an expired token is refused",
    async (context) => {
      await refusesToken(context, context.target.expiredToken, "token_expired");
    },
    ({ expiredToken }) => (expiredToken === undefined ? "--expired-token" : undefined),
  ),
];
