import { describe, expect, it } from "vitest";
import { keySetUrl } from "./key-set-url.ts";

describe("keySetUrl", () => {
  it.each([
    ["https://id.example/.well-known/jwks.json"],
    ["https://id.example:8443/keys?version=2"],
    ["http://127.0.0.1:8080/keys"],
    ["http://localhost/keys"],
    ["http://[::1]:8080/keys"],
  ])("accepts %s", (url) => {
    expect(keySetUrl(url, false)).toBe(url);
  });

  it("accepts plain http to other hosts only when told to", () => {
    expect(keySetUrl("http://keys.internal/jwks", true)).toBe("http://keys.internal/jwks");
    expect(() => keySetUrl("http://keys.internal/jwks", false)).toThrow(
      "key_set_invalid: jwks.url must be https",
    );
  });

  it.each([
    ["no URL", "id.example/keys"],
    ["an empty string", ""],
    ["a file", "file:///etc/keys.json"],
    ["data", "data:application/json,{}"],
    ["a host that only begins like this machine", "http://127.0.0.1.evil.example/keys"],
    ["a host that only begins with localhost", "http://localhost.evil.example/keys"],
    ["a user name", "https://user@id.example/keys"],
    ["this machine's name as a user name", "http://localhost@evil.example/keys"],
  ])("refuses %s", (_name, url) => {
    expect(() => keySetUrl(url, false)).toThrow("key_set_invalid");
  });

  it("refuses a password in the URL, without repeating it", () => {
    expect(() => keySetUrl("https://user:hunter2@id.example/keys", true)).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining("hunter2") }),
    );
  });
});
