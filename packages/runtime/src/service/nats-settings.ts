import type { Disagreement } from "../settings/define-settings.ts";
import { setting } from "../settings/setting.ts";
import { filePath, flag, listOf, milliseconds, text } from "../settings/setting-schemas.ts";

/** How a service reaches NATS; for the table of every service that does. */
export const natsSettings = [
  setting({
    path: "nats.servers",
    schema: listOf(text({ max: 255 }), { min: 1 }),
    default: "nats://127.0.0.1:4222",
    doc: "One server of the cluster is enough.",
  }),
  setting({
    path: "nats.user",
    schema: text({ max: 255 }).optional(),
    doc: "User name, with `nats.password`.",
  }),
  setting({
    path: "nats.password",
    schema: text({ max: 1024 }).optional(),
    secret: true,
    doc: "Password of `nats.user`.",
  }),
  setting({
    path: "nats.token",
    schema: text({ max: 4096 }).optional(),
    secret: true,
    doc: "Token, instead of a user.",
  }),
  setting({
    path: "nats.credsFile",
    schema: filePath().optional(),
    doc: "A `.creds` file, instead of a user.",
  }),
  setting({
    path: "nats.nkeyFile",
    schema: filePath().optional(),
    doc: "A file with an NKEY seed, instead of a user.",
  }),
  setting({
    path: "nats.caFile",
    schema: filePath().optional(),
    doc: "Authorities to trust for TLS to NATS.",
  }),
  setting({
    path: "nats.certFile",
    schema: filePath().optional(),
    doc: "Client certificate for NATS, with `nats.keyFile`.",
  }),
  setting({ path: "nats.keyFile", schema: filePath().optional(), doc: "Key of the client certificate." }),
  setting({
    path: "nats.handshakeFirst",
    schema: flag(),
    default: false,
    doc: "TLS before the NATS protocol begins; the server must be set to the same.",
  }),
  setting({
    path: "nats.inboxPrefix",
    schema: text({
      max: 128,
      pattern: {
        test: /^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$/,
        expects: "tokens of letters, digits, _ and - with dots between",
      },
    }).optional(),
    doc: "Replies of NATS come to subjects below this. Where names of nodes are made up as they start, `_INBOX_gateway.<name>` lets one permission, `_INBOX_gateway.>`, hold for all. Default: `_INBOX_` and the node's name.",
  }),
  setting({
    path: "nats.startupDeadlineMs",
    schema: milliseconds({ min: 100, max: 600_000 }),
    default: "30s",
    doc: "How long a starting process waits for NATS before it gives up.",
  }),
] as const;

interface NatsIdentity {
  readonly user: string | undefined;
  readonly password: string | undefined;
  readonly token: string | undefined;
  readonly credsFile: string | undefined;
  readonly nkeyFile: string | undefined;
  readonly certFile: string | undefined;
  readonly keyFile: string | undefined;
}

type IdentityPath = `nats.${keyof NatsIdentity}`;

/** Which of {@link natsSettings} do not go together; for `refine` of the table that has them. */
export function natsDisagreements(nats: NatsIdentity): readonly Disagreement<IdentityPath>[] {
  const { user, password, token, credsFile, nkeyFile, certFile, keyFile } = nats;
  const disagreements: Disagreement<IdentityPath>[] = [];
  if ([user, token, credsFile, nkeyFile].filter((one) => one !== undefined).length > 1) {
    disagreements.push({
      path: "nats.user",
      message: "is one of several credentials given; keep one of user, token, credsFile, nkeyFile",
    });
  }
  if ((user === undefined) !== (password === undefined)) {
    disagreements.push({ path: "nats.password", message: "goes with nats.user; give both or none" });
  }
  if ((certFile === undefined) !== (keyFile === undefined)) {
    disagreements.push({ path: "nats.keyFile", message: "goes with nats.certFile; give both or none" });
  }
  return disagreements;
}
