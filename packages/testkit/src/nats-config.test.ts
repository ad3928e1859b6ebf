import { expect, test } from "vitest";
import { renderNatsConfig } from "./nats-config.ts";
import { randomPort } from "./random-port.ts";

test("the server is confined to loopback, and paths cannot break out of their quotes", () => {
  const text = renderNatsConfig({
    serverName: "name",
    port: 4222,
    monitorPort: undefined,
    storeDir: '/tmp/a "b"\\c',
    extra: "max_payload: 1MB",
  });
  expect(text.split("\n")).toEqual([
    'server_name: "name"',
    'host: "127.0.0.1"',
    "port: 4222",
    'jetstream { store_dir: "/tmp/a \\"b\\"\\\\c" }',
    "max_payload: 1MB",
    "",
  ]);
});

test("the monitoring pages are on loopback, too", () => {
  const config = { serverName: "name", port: 1, monitorPort: 8222, storeDir: "/tmp", extra: "" };
  expect(renderNatsConfig(config)).toContain('http: "127.0.0.1:8222"');
});

test("random ports are below those that the kernel gives to outgoing connections", () => {
  for (let round = 0; round < 1000; round += 1) {
    const port = randomPort();
    expect(port).toBeGreaterThanOrEqual(20_000);
    expect(port).toBeLessThan(32_768);
  }
});
