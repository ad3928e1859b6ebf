import { describe, expect, it } from "vitest";
import type { BrokerOptionsInput } from "./broker-options.ts";
import { resolveBrokerOptions } from "./broker-options.ts";

const LEAST: BrokerOptionsInput = { servers: ["nats://localhost:4222"], name: "node-1" };

describe("resolveBrokerOptions", () => {
  it("fills in the defaults", () => {
    expect(resolveBrokerOptions(LEAST)).toMatchObject({
      servers: ["nats://localhost:4222"],
      credentials: { kind: "none" },
      tls: undefined,
      subjectPrefix: "rt",
      inboxPrefix: "_INBOX_node-1",
      startupDeadlineMs: 30_000,
      reconnectTimeWaitMs: 250,
      pingIntervalMs: 2_500,
      maxPingOut: 2,
      lingerMs: 15_000,
    });
  });

  it.each([
    ["localhost", "nats://localhost:4222"],
    ["nats://n1:80", "nats://n1:80"],
    ["nats://n1", "nats://n1:4222"],
    ["nats://[::1]:4223", "nats://[::1]:4223"],
    ["nats://[::1]", "nats://[::1]:4222"],
    ["tls://n1:4222/", "tls://n1:4222"],
  ])("understands %s as a server", (server, expected) => {
    expect(resolveBrokerOptions({ ...LEAST, servers: [server] }).servers).toEqual([expected]);
  });

  it("turns TLS on for a server that says tls, so that it never falls back to plain text", () => {
    expect(resolveBrokerOptions({ ...LEAST, servers: ["nats://a", "tls://b"] }).tls).toEqual({
      caFile: undefined,
      certFile: undefined,
      keyFile: undefined,
      handshakeFirst: false,
    });
  });

  it.each<[string, Partial<BrokerOptionsInput>, RegExp]>([
    ["no servers", { servers: [] }, /servers/],
    ["another scheme", { servers: ["https://n1:4222"] }, /servers\[0\].*nats:\/\//],
    ["a path", { servers: ["nats://n1:4222/x"] }, /servers\[0\]/],
    ["a port that is none", { servers: ["nats://n1:99999"] }, /servers\[0\]/],
    ["an empty server", { servers: ["nats://a", ""] }, /servers\[1\]/],
    ["a name that is no subject token", { name: "node.1" }, /name/],
    ["an empty name", { name: "" }, /name/],
    ["a prefix of two tokens", { subjectPrefix: "a.b" }, /subjectPrefix/],
    ["a wildcard for an inbox", { inboxPrefix: "_INBOX.*" }, /inboxPrefix/],
    ["a negative time", { lingerMs: -1 }, /lingerMs must be a whole number from 0/],
    ["a fraction", { pingIntervalMs: 0.5 }, /pingIntervalMs/],
    ["a time setTimeout would take for 1 ms", { startupDeadlineMs: 2 ** 31 }, /startupDeadlineMs/],
    ["an empty token", { credentials: { kind: "token", token: "" } }, /credentials.token/],
    ["a certificate without its key", { tls: { certFile: "a.pem" } }, /keyFile/],
  ])("refuses %s, naming the option", (_, wrong, message) => {
    const resolve = () => resolveBrokerOptions({ ...LEAST, ...wrong });
    expect(resolve).toThrow(TypeError);
    expect(resolve).toThrow(message);
  });

  it("refuses credentials inside a server without repeating them", () => {
    const resolve = () => resolveBrokerOptions({ ...LEAST, servers: ["nats://gw:s3cret@n1:4222"] });
    expect(resolve).toThrow(/servers\[0\] must not carry credentials/);
    expect(resolve).not.toThrow(/s3cret/);
  });
});
