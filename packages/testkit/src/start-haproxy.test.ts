import { once } from "node:events";
import { createServer } from "node:http";
import { expect, onTestFinished, test } from "vitest";
import { startHaproxy } from "./start-haproxy.ts";

const INSTALL_MS = 120_000;

test("runs with the configuration that it was given, and is gone when it is stopped", {
  timeout: INSTALL_MS,
}, async () => {
  const server = createServer((request, response) => response.end(`answer to ${request.url}`));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  const address = server.address();
  const upstream = typeof address === "object" && address !== null ? address.port : 0;
  const configFor = (port: number) => `
defaults
  mode http
  timeout connect 1s
  timeout client 5s
  timeout server 5s
listen all
  bind 127.0.0.1:${port}
  server one 127.0.0.1:${upstream}
`;
  const haproxy = await startHaproxy({ configFor });
  onTestFinished(() => haproxy.stop());
  const url = `http://127.0.0.1:${haproxy.port}/x?y=1`;
  expect(await (await fetch(url)).text()).toBe("answer to /x?y=1");
  await haproxy.stop();
  await expect(fetch(url)).rejects.toThrow();
});

test("says what is wrong with its configuration", { timeout: INSTALL_MS }, async () => {
  await expect(startHaproxy({ configFor: () => "what is this\n" })).rejects.toThrow(
    /process-failed: HAProxy did not start[\s\S]*what/,
  );
});
