import { describe, expect, it } from "vitest";
import { readOpenRequest } from "./open-request.ts";

describe("readOpenRequest", () => {
  it.each([
    ["", "json", []],
    ["format=json", "json", []],
    ["format=raw", "raw", []],
    ["binary=true", "json-binary", []],
    ["binary=false", "json", []],
    ["format=raw&binary=true", "raw", []],
    ["batch=true", "lines", []],
    ["batch=false", "json", []],
    ["batch=true&binary=true", "lines-binary", []],
    ["format=raw&batch=true", "raw", []],
    ["channels=chat.lobby", "json", ["chat.lobby"]],
    ["channels=chat.lobby,news.*,feed.%3E", "json", ["chat.lobby", "news.*", "feed.>"]],
    ["channels=,chat.lobby,,", "json", ["chat.lobby"]],
    ["channels=", "json", []],
    ["channels=user%2Eada", "json", ["user.ada"]],
    ["utm_source=mail&channels=chat.lobby&access_token=t", "json", ["chat.lobby"]],
    ["format=raw&format=json", "raw", []],
  ])("reads %j", (query, format, channels) => {
    const result = readOpenRequest(query, 10);
    expect(result.ok && result.request.format).toBe(format);
    expect(result.ok && result.request.channels).toStrictEqual(channels);
  });

  it.each([
    "format=xml",
    "format=",
    "format=RAW",
    "binary=1",
    "binary=",
    "batch=1",
    "batch=",
    "channels=chat..lobby",
    "channels=chat.lobby,%20news",
    "channels=chat.%C3%A9",
    "channels=chat.>.x",
    "channels=a.b.c.d.e.f.g.h.i",
    `channels=${"x".repeat(201)}`,
    "channels=%ZZ",
  ])("refuses %j", (query) => {
    expect(readOpenRequest(query, 10).ok).toBe(false);
  });

  it("reads where to resume", () => {
    const result = readOpenRequest("channels=feed.a&since=k3j9x0ab-2s", 10);
    expect(result.ok && result.request.since).toStrictEqual(new Map([["k3j9x0ab", 100]]));
    const none = readOpenRequest("channels=feed.a", 10);
    expect(none.ok && none.request.since).toBeUndefined();
  });

  it.each(["since=", "since=x", "since=k3j9x0ab-2s.", "since=k3j9x0ab-02", `since=${"a".repeat(200)}`])(
    "refuses %j",
    (query) => {
      expect(readOpenRequest(`channels=feed.a&${query}`, 10).ok).toBe(false);
    },
  );

  it("refuses more channels than a connection may have", () => {
    expect(readOpenRequest("channels=a,b,c", 3).ok).toBe(true);
    expect(readOpenRequest("channels=a,b,c,d", 3)).toStrictEqual({
      ok: false,
      message: "at most 3 channels",
    });
  });
});
