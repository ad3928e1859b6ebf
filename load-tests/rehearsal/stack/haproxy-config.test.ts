import { expect, test } from "vitest";
import { haproxyConfig } from "./haproxy-config.ts";

test("HAProxy asks each node itself whether it is ready", () => {
  const text = haproxyConfig(8080, [
    { name: "n1", host: "127.0.0.1", port: 20_001, checkPort: 20_002 },
    { name: "n2", host: "10.0.0.2", port: 20_003, checkPort: 20_004 },
  ]);
  expect(text).toContain("bind 127.0.0.1:8080");
  expect(text).toContain("server n1 127.0.0.1:20001 port 20002\n");
  expect(text).toContain("server n2 10.0.0.2:20003 port 20004\n");
});
