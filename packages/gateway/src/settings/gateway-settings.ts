import {
  defineSettings,
  integer,
  integerOr,
  listOf,
  milliseconds,
  natsDisagreements,
  oneOf,
  port,
  type SettingsOf,
  serviceSettings,
  setting,
  text,
  tracingSettings,
} from "@tidegate/runtime";
import { ORIGIN_ENTRY } from "../origin-policy.ts";
import { admissionSettings } from "./admission-settings.ts";
import { authSettings } from "./auth-settings.ts";
import { eventSettings } from "./event-settings.ts";
import { httpSettings } from "./http-settings.ts";
import { limitSettings } from "./limit-settings.ts";
import { namespacesSchema } from "./namespace-schema.ts";
import { natsSettings } from "./nats-settings.ts";
import { nodeName } from "./node-name.ts";

/** Everything a gateway node can be told. The reference in docs/configuration.md is generated from it. */
export const GATEWAY_SETTINGS = defineSettings({
  settings: [
    ...serviceSettings,
    setting({
      path: "mode",
      schema: oneOf(["production", "development"]),
      default: "production",
      doc: "A production node refuses to start on development keys.",
    }),
    setting({
      path: "node.name",
      schema: nodeName.optional(),
      doc: "Unique among the nodes; told to clients and shown by NATS monitoring. Default: the host's name and the process id. Of several `processes`, each adds its number.",
    }),
    setting({
      path: "processes",
      schema: integerOr("auto", { min: 1, max: 256 }),
      default: 1,
      doc: "Node processes behind the one port, supervised; `auto` is one per CPU. Limits, and memory, are those of each process. See [operations.md](operations.md).",
    }),
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
      path: "origins.allow",
      schema: listOf(
        text({
          max: 255,
          pattern: { test: ORIGIN_ENTRY, expects: "an origin without a path, same-origin, or *" },
        }),
      ),
      default: "same-origin",
      doc: "Pages that may connect: origins such as `https://app.example.com`, `same-origin`, or `*`. Programs send no Origin and are not judged by it.",
    }),
    ...natsSettings,
    ...authSettings,
    ...limitSettings,
    ...admissionSettings,
    ...httpSettings,
    ...eventSettings,
    ...tracingSettings,
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
      doc: "By name, what holds for the channels that begin with it. Channels of other namespaces do not exist for clients.",
    }),
  ],
  refine: (settings) => {
    const { limits, drain, nats, auth, origins } = settings;
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
      ...natsDisagreements(nats),
      ...(auth.cookieName !== undefined && origins.allow.every((origin) => origin === "*")
        ? [
            {
              path: "auth.cookieName" as const,
              message:
                "has no effect: a cookie counts only for an origin that origins.allow lists, never by *",
            },
          ]
        : []),
    ];
  },
});

export type GatewaySettings = SettingsOf<typeof GATEWAY_SETTINGS>;
