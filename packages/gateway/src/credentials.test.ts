import { describe, expect, it } from "vitest";
import { handshakeToken } from "./credentials.ts";
import type { Handshake } from "./handshake.ts";

const NOTHING: Handshake = {
  query: "",
  origin: "",
  host: "rt.example.com",
  authorization: "",
  subprotocols: "",
  cookie: "",
  address: "192.0.2.1",
};

function token(parts: Partial<Handshake>, cookieName?: string): string | undefined {
  const handshake = { ...NOTHING, ...parts };
  return handshakeToken(handshake, new URLSearchParams(handshake.query), cookieName);
}

describe("handshakeToken", () => {
  it("finds none in a handshake without credentials", () => {
    expect(token({}, "session")).toBeUndefined();
  });

  it.each([
    ["Bearer abc", "abc"],
    ["bearer abc", "abc"],
    ["BEARER   abc", "abc"],
    ["Basic abc", undefined],
    ["Bearer", undefined],
    ["Bearer ", undefined],
    ["Bearer a b", undefined],
    ["Bearerabc", undefined],
  ])("reads the header %j as %s", (authorization, expected) => {
    expect(token({ authorization })).toBe(expected);
  });

  it.each([
    ["tidegate.v1, bearer.abc", "abc"],
    ["bearer.abc,tidegate.v1", "abc"],
    [" bearer.abc ", "abc"],
    ["bearer.abc, bearer.def", "abc"],
    ["tidegate.v1", undefined],
    ["xbearer.abc", undefined],
    ["bearer.", ""],
  ])("reads the subprotocols %j as %s", (subprotocols, expected) => {
    expect(token({ subprotocols })).toBe(expected);
  });

  it.each([
    ["session=abc", "abc"],
    ["a=1; session=abc; b=2", "abc"],
    ['session="abc"', "abc"],
    ["session=a=b", "a=b"],
    ["xsession=abc", undefined],
    ["session", undefined],
    ["SESSION=abc", undefined],
    ["session=abc; session=def", "abc"],
    ["", undefined],
  ])("reads the cookie %j as %s", (cookie, expected) => {
    expect(token({ cookie }, "session")).toBe(expected);
  });

  it("reads no cookie unless one is named", () => {
    expect(token({ cookie: "session=abc" })).toBeUndefined();
  });

  it("prefers header, subprotocol, address, cookie, in this order", () => {
    const all = {
      authorization: "Bearer header",
      subprotocols: "bearer.subprotocol",
      query: "access_token=query",
      cookie: "session=cookie",
    };
    expect(token(all, "session")).toBe("header");
    expect(token({ ...all, authorization: "" }, "session")).toBe("subprotocol");
    expect(token({ ...all, authorization: "", subprotocols: "" }, "session")).toBe("query");
    expect(token({ cookie: all.cookie }, "session")).toBe("cookie");
  });

  it("takes an empty token for a token: who means to send one is told that it is wrong", () => {
    expect(token({ query: "access_token=", cookie: "session=abc" }, "session")).toBe("");
  });
});
