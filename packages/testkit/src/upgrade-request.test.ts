import { expect, test } from "vitest";
import { acceptKey, decodeResponseHead, upgradeRequest } from "./upgrade-request.ts";

test("the request is complete, and every part of it can be replaced or left out", () => {
  expect(upgradeRequest({ key: "dGhlIHNhbXBsZSBub25jZQ==" }).split("\r\n")).toEqual([
    "GET / HTTP/1.1",
    "Host: 127.0.0.1",
    "Upgrade: websocket",
    "Connection: Upgrade",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Version: 13",
    "",
    "",
  ]);
  const text = upgradeRequest({
    path: "/v1/ws?a=b",
    host: "gateway.test",
    protocols: ["tidegate.v1", "other"],
    headers: { "sec-websocket-version": "8", upgrade: undefined, Origin: "https://app.test" },
  });
  expect(text).toContain("GET /v1/ws?a=b HTTP/1.1\r\nHost: gateway.test\r\n");
  expect(text).toContain("Sec-WebSocket-Protocol: tidegate.v1, other\r\n");
  expect(text).toContain("sec-websocket-version: 8\r\n");
  expect(text).toContain("Origin: https://app.test\r\n");
  expect(text).not.toContain("13");
  expect(text.toLowerCase()).not.toContain("upgrade: websocket");
});

test("the answer to a key is that of the example in RFC 6455", () => {
  expect(acceptKey("dGhlIHNhbXBsZSBub25jZQ==")).toBe("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
});

test("the head of a response is read up to its end", () => {
  const text = "HTTP/1.1 401 Unauthorized\r\nA: 1\r\na: 2\r\nWWW-Authenticate: Bearer x=y:z\r\n\r\n";
  expect(decodeResponseHead(Buffer.from(`${text}body`))).toEqual({
    size: text.length,
    head: { status: 401, headers: { a: "1, 2", "www-authenticate": "Bearer x=y:z" } },
  });
  expect(decodeResponseHead(Buffer.from(text.slice(0, -1)))).toBeUndefined();
  expect(decodeResponseHead(Buffer.from("SSH-2.0-x\r\n\r\n"))?.head.status).toBeNaN();
});
