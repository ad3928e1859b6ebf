import { ALGORITHMS } from "@tidegate/auth";
import {
  bytes,
  defineSettings,
  filePath,
  flag,
  integer,
  LOG_LEVELS,
  listOf,
  milliseconds,
  oneOf,
  port,
  type SettingsOf,
  setting,
  text,
  url,
} from "@tidegate/runtime";
import { namespacesSchema } from "./namespace-schema.ts";

const name = text({ max: 64, pattern: { test: /^[A-Za-z0-9_-]+$/, expects: "letters, digits, _ and -" } });

/** Everything a gateway node can be told. The reference in docs/configuration.md is generated from it. */
export const GATEWAY_SETTINGS = defineSettings({
  settings: [
    setting({
      path: "mode",
      schema: oneOf(["production", "development"]),
      default: "production",
      doc: "A production node refuses to start on development keys.",
    }),
    setting({
      path: "node.name",
      schema: name.optional(),
      doc: "Unique among the nodes; told to clients and shown by NATS monitoring. Default: the host's name and the process id.",
    }),
    setting({
      path: "log.level",
      schema: oneOf(LOG_LEVELS),
      default: "info",
      doc: "`debug` adds a line for each connection.",
    }),
    setting({ path: "log.pretty", schema: flag(), default: false, doc: "Lines for people instead of JSON." }),
    setting({
      path: "listen.host",
      schema: text({ max: 255 }),
      default: "0.0.0.0",
      doc: "Address for clients.",
    }),
    setting({ path: "listen.port", schema: port(), default: 8080, doc: "Port for clients." }),
    setting({
      path: "listen.forwardedHops",
      schema: integer({ max: 10 }),
      default: 0,
      doc: "Proxies in front that append to X-Forwarded-For. 0 takes the address of the TCP connection, which behind a proxy is the proxy's, and then `limits.connectionsPerAddress` counts all clients as one.",
    }),
    setting({
      path: "operations.host",
      schema: text({ max: 255 }),
      default: "0.0.0.0",
      doc: "Address of `/healthz`, `/readyz` and `/metrics`. Keep it off the public network.",
    }),
    setting({ path: "operations.port", schema: port(), default: 9090, doc: "Port of the same." }),
    setting({
      path: "origins.allow",
      schema: listOf(text({ max: 255 })),
      default: "same-origin",
      doc: "Pages that may connect: origins such as `https://app.example.com`, `same-origin`, or `*`. Programs send no Origin and are not judged by it.",
    }),
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
      doc: "How long a starting node waits for NATS before it gives up.",
    }),
    setting({
      path: "nats.lingerMs",
      schema: milliseconds({ max: 600_000 }),
      default: "15s",
      doc: "How long a NATS subscription outlives its last subscriber, so that clients that come and go cost NATS nothing.",
    }),
    setting({
      path: "subjects.prefix",
      schema: name,
      default: "rt",
      doc: "First token of the channel subjects; one per environment.",
    }),
    setting({
      path: "auth.algorithms",
      schema: listOf(oneOf(ALGORITHMS), { min: 1 }),
      doc: "Accepted signature algorithms of tokens. What is not listed is refused, whatever keys there are.",
    }),
    setting({
      path: "auth.secret",
      schema: text({ max: 4096 }).optional(),
      secret: true,
      doc: "Shared secret for the HS algorithms: at least 32, 48 or 64 bytes for HS256, HS384, HS512.",
    }),
    setting({
      path: "auth.publicKeyFile",
      schema: filePath().optional(),
      doc: "A PEM public key, for the one public-key algorithm that is listed.",
    }),
    setting({
      path: "auth.keySetFile",
      schema: filePath().optional(),
      doc: "A file with a JSON Web Key Set.",
    }),
    setting({
      path: "auth.keySetUrl",
      schema: url(["https", "http"]).optional(),
      doc: "Where the issuer publishes its JSON Web Key Set.",
    }),
    setting({
      path: "auth.keySetCacheMs",
      schema: milliseconds({ min: 1000, max: 86_400_000 }),
      default: "10m",
      doc: "How long a fetched set is fresh.",
    }),
    setting({
      path: "auth.keySetCooldownMs",
      schema: milliseconds({ min: 100, max: 3_600_000 }),
      default: "10s",
      doc: "Least time between two fetches; a new key is known at most this long after it was published.",
    }),
    setting({
      path: "auth.keySetTimeoutMs",
      schema: milliseconds({ min: 10, max: 60_000 }),
      default: "5s",
      doc: "For a whole fetch.",
    }),
    setting({
      path: "auth.issuer",
      schema: listOf(text({ max: 1024 })).optional(),
      doc: "Accepted `iss`. Not checked if absent.",
    }),
    setting({
      path: "auth.audience",
      schema: listOf(text({ max: 1024 })).optional(),
      doc: "Accepted `aud`. Not checked if absent, and then tokens that the issuer made for other services are accepted too.",
    }),
    setting({
      path: "auth.leewayMs",
      schema: milliseconds({ max: 60_000 }),
      default: "5s",
      doc: "Clock difference forgiven in `exp` and `nbf`.",
    }),
    setting({
      path: "auth.userClaim",
      schema: text({ max: 64 }),
      default: "sub",
      doc: "The claim that names the user.",
    }),
    setting({
      path: "auth.grantsClaim",
      schema: text({ max: 64 }),
      default: "grants",
      doc: "The claim with the grants.",
    }),
    setting({
      path: "auth.forwardClaims",
      schema: listOf(text({ max: 64 }), { max: 32 }),
      default: "",
      doc: "Claims passed on to backends in `Tidegate-Claims`.",
    }),
    setting({
      path: "auth.cookieName",
      schema: text({ max: 64 }).optional(),
      doc: "A cookie that may carry the token; counts only where the page's origin is listed in `origins.allow` (not by `*`).",
    }),
    setting({
      path: "limits.frameBytes",
      schema: bytes({ min: 1024, max: 16_777_216 }),
      default: "64KiB",
      doc: "Largest frame of a client; a larger one closes with 4505.",
    }),
    setting({
      path: "limits.payloadBytes",
      schema: bytes({ min: 1, max: 16_777_216 }),
      default: "32KiB",
      doc: "Largest payload of a publish or request.",
    }),
    setting({
      path: "limits.subscriptionsPerConnection",
      schema: integer({ min: 1, max: 10_000 }),
      default: 128,
      doc: "Channels and patterns of one connection.",
    }),
    setting({
      path: "limits.requestsInFlight",
      schema: integer({ min: 1, max: 10_000 }),
      default: 32,
      doc: "Unanswered requests of one connection.",
    }),
    setting({
      path: "limits.requestTimeoutMs",
      schema: milliseconds({ min: 100, max: 300_000 }),
      default: "10s",
      doc: "Longest wait for a backend's reply, and the default.",
    }),
    setting({
      path: "limits.messagesPerSecond",
      schema: integer({ min: 1, max: 100_000 }),
      default: 50,
      doc: "Frames a second of one connection, on average.",
    }),
    setting({
      path: "limits.messageBurst",
      schema: integer({ min: 1, max: 100_000 }),
      default: 100,
      doc: "Frames at once. A client that sends this many more after being refused is closed with 4008.",
    }),
    setting({
      path: "limits.unauthenticatedMs",
      schema: milliseconds({ min: 100, max: 300_000 }),
      default: "10s",
      doc: "Time to authenticate.",
    }),
    setting({
      path: "limits.unauthenticatedBytes",
      schema: bytes({ min: 1024, max: 1_048_576 }),
      default: "16KiB",
      doc: "What a client may send before it is authenticated.",
    }),
    setting({
      path: "limits.unauthenticatedMessages",
      schema: integer({ min: 1, max: 1000 }),
      default: 64,
      doc: "Frames held while the token is verified.",
    }),
    setting({
      path: "limits.tokenBytes",
      schema: bytes({ min: 256, max: 16_384 }),
      default: "8KiB",
      doc: "Longest token.",
    }),
    setting({
      path: "limits.connections",
      schema: integer({ min: 1, max: 1_000_000 }),
      default: 50_000,
      doc: "Connections of this node. The process needs as many open files.",
    }),
    setting({
      path: "limits.connectionsPerAddress",
      schema: integer({ min: 1, max: 1_000_000 }),
      default: 1000,
      doc: "Connections from one address; see `listen.forwardedHops`.",
    }),
    setting({
      path: "limits.outboxBytes",
      schema: bytes({ min: 16_384, max: 268_435_456 }),
      default: "1MiB",
      doc: "What may wait for one client to read it. Above it, messages of live channels are skipped and the client is told.",
    }),
    setting({
      path: "limits.laggingMs",
      schema: milliseconds({ min: 100, max: 600_000 }),
      default: "15s",
      doc: "How long a client may stay above `limits.outboxBytes` before it is closed with 4004.",
    }),
    setting({
      path: "ping.intervalMs",
      schema: milliseconds({ min: 1000, max: 600_000 }),
      default: "25s",
      doc: "Longest silence towards a client. Below the idle timeout of every proxy on the way.",
    }),
    setting({
      path: "ping.pongTimeoutMs",
      schema: milliseconds({ min: 500, max: 300_000 }),
      default: "10s",
      doc: "Time to answer a ping.",
    }),
    setting({
      path: "drain.deadlineMs",
      schema: milliseconds({ min: 100, max: 3_600_000 }),
      default: "30s",
      doc: "Longest drain; below the termination grace of whoever stops the process.",
    }),
    setting({
      path: "drain.windowMs",
      schema: milliseconds({ min: 50, max: 3_600_000 }),
      default: "10s",
      doc: "Closes are spread over this time.",
    }),
    setting({
      path: "drain.reconnectMs",
      schema: milliseconds({ max: 600_000 }),
      default: "2s",
      doc: "Clients are told to wait a random time up to this before they reconnect.",
    }),
    setting({
      path: "namespaces",
      schema: namespacesSchema,
      default: {},
      doc: "By name: `publish` says where clients' messages go; `grants` is what every authenticated user may do, `anonymous` what clients without a token may. Channels of other namespaces do not exist for clients.",
    }),
  ],
  refine: (settings) => {
    const { limits, drain, nats } = settings;
    const kinds = [nats.user, nats.token, nats.credsFile, nats.nkeyFile].filter(
      (value) => value !== undefined,
    );
    return [
      ...(limits.payloadBytes > limits.frameBytes
        ? [
            {
              path: "limits.payloadBytes" as const,
              message: "must not exceed limits.frameBytes, which carries it",
            },
          ]
        : []),
      ...(limits.tokenBytes >= limits.unauthenticatedBytes
        ? [
            {
              path: "limits.tokenBytes" as const,
              message: "must be below limits.unauthenticatedBytes, which carries it",
            },
          ]
        : []),
      ...(drain.windowMs > drain.deadlineMs
        ? [{ path: "drain.windowMs" as const, message: "must not exceed drain.deadlineMs" }]
        : []),
      ...(kinds.length > 1
        ? [
            {
              path: "nats.user" as const,
              message: "is one of several credentials given; keep one of user, token, credsFile, nkeyFile",
            },
          ]
        : []),
      ...((nats.user === undefined) !== (nats.password === undefined)
        ? [{ path: "nats.password" as const, message: "goes with nats.user; give both or none" }]
        : []),
    ];
  },
});

export type GatewaySettings = SettingsOf<typeof GATEWAY_SETTINGS>;
