import { expect, test } from "vitest";
import { natsAccess } from "./nats-access.ts";

test.each([
  ["nats://127.0.0.1:4222", ["nats://127.0.0.1:4222"], { kind: "none" }],
  [
    "127.0.0.1:4222, tls://b.example:4443",
    ["nats://127.0.0.1:4222", "tls://b.example:4443"],
    { kind: "none" },
  ],
  ["nats://[::1]:4222", ["nats://[::1]:4222"], { kind: "none" }],
  [
    "nats://app:p%40ss@nats.example:4222",
    ["nats://nats.example:4222"],
    { kind: "password", user: "app", password: "p@ss" },
  ],
  ["nats://s3cret@nats.example", ["nats://nats.example"], { kind: "token", token: "s3cret" }],
])("takes %s apart", (url, servers, credentials) => {
  expect(natsAccess(url)).toEqual({ servers, credentials });
});

test.each(["", "nats://", "http//x y"])("refuses %j without repeating it", (url) => {
  expect(() => natsAccess(url)).toThrow(/^NATS_URL is not/);
});
