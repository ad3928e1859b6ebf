import { describe, expect, it } from "vitest";
import { brokerOptionsOf, type NatsSettings } from "./nats-settings.ts";

function optionsOf(given: Partial<NatsSettings>) {
  const nothing: NatsSettings = {
    servers: ["a", "b"],
    ...{ user: undefined, password: undefined, token: undefined, credsFile: undefined, nkeyFile: undefined },
    ...{ caFile: undefined, certFile: undefined, keyFile: undefined },
    handshakeFirst: false,
    inboxPrefix: undefined,
    startupDeadlineMs: 7_000,
  };
  return brokerOptionsOf({ ...nothing, ...given }, "n1");
}

describe("brokerOptionsOf", () => {
  it("passes on servers, name and deadline, and nothing of TLS without a reason", () => {
    expect(optionsOf({})).toStrictEqual({
      servers: ["a", "b"],
      name: "n1",
      credentials: { kind: "none" },
      startupDeadlineMs: 7_000,
    });
  });

  it.each<[string, Partial<NatsSettings>, object]>([
    ["a user", { user: "ada", password: "secret" }, { kind: "password", user: "ada", password: "secret" }],
    ["a token", { token: "secret" }, { kind: "token", token: "secret" }],
    ["a .creds file", { credsFile: "a.creds" }, { kind: "creds_file", path: "a.creds" }],
    ["an NKEY", { nkeyFile: "a.nk" }, { kind: "nkey_file", path: "a.nk" }],
  ])("authenticates with %s", (_what, given, credentials) => {
    expect(optionsOf(given).credentials).toStrictEqual(credentials);
  });

  it.each<[string, Partial<NatsSettings>]>([
    ["an authority is named", { caFile: "ca.pem" }],
    ["a certificate is named", { certFile: "c.pem", keyFile: "k.pem" }],
    ["the server begins with it", { handshakeFirst: true }],
  ])("uses TLS when %s", (_what, given) => {
    expect(optionsOf(given).tls).toMatchObject(given);
  });

  it("puts replies where the settings say", () => {
    expect(optionsOf({ inboxPrefix: "_INBOX_gateway.n1" }).inboxPrefix).toBe("_INBOX_gateway.n1");
  });
});
