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
    path: "nats.startupDeadlineMs",
    schema: milliseconds({ min: 100, max: 600_000 }),
    default: "30s",
    doc: "How long a starting process waits for NATS before it gives up.",
  }),
] as const;
