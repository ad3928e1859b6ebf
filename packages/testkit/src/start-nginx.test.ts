import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { expect, onTestFinished, test } from "vitest";
import { startNginx } from "./start-nginx.ts";

const INSTALL_MS = 120_000;

async function startServer(name: string): Promise<number> {
  const server: Server = createServer((request, response) => {
    response.end(`${name} ${request.httpVersion} ${request.url}`);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}

test("passes requests on to all servers by turns, and is gone when it is stopped", {
  timeout: INSTALL_MS,
}, async () => {
  const upstreamPorts = [await startServer("a"), await startServer("b")];
  const nginx = await startNginx({ upstreamPorts });
  onTestFinished(() => nginx.stop());
  const ask = async () => (await fetch(`${nginx.url}/x?y=1`)).text();
  // nginx speaks HTTP/1.0 to servers unless told otherwise, which is what such tests are about.
  expect(new Set([await ask(), await ask()])).toEqual(new Set(["a 1.0 /x?y=1", "b 1.0 /x?y=1"]));
  await nginx.stop();
  await expect(fetch(nginx.url)).rejects.toThrow();
});

test("says what is wrong with its configuration", { timeout: INSTALL_MS }, async () => {
  await expect(startNginx({ upstreamPorts: [1], locationConfig: "what is this;" })).rejects.toThrow(
    /process-failed: nginx did not start[\s\S]*unknown directive "what"/,
  );
});
