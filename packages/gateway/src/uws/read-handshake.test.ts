import { describe, expect, it } from "vitest";
import { clientAddress } from "./read-handshake.ts";

describe("clientAddress", () => {
  it.each([
    ["no proxy: the header is anybody's word", 0, "198.51.100.9", "192.0.2.1"],
    ["one proxy: what it saw", 1, "198.51.100.9", "198.51.100.9"],
    ["one proxy, and a header that the client had made up", 1, "203.0.113.7, 198.51.100.9", "198.51.100.9"],
    ["two proxies", 2, "203.0.113.7, 198.51.100.9, 10.0.0.1", "198.51.100.9"],
    ["fewer entries than proxies", 3, "198.51.100.9, 10.0.0.1", "198.51.100.9"],
    ["no header", 1, "", "192.0.2.1"],
    ["an empty entry", 1, "203.0.113.7, ", "192.0.2.1"],
    ["IPv6", 1, "2001:db8::1", "2001:db8::1"],
  ])("is right behind %s", (_what, hops, forwardedFor, expected) => {
    expect(clientAddress("192.0.2.1", forwardedFor, hops)).toBe(expected);
  });
});
