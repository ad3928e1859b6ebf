import { once } from "node:events";
import { createServer, type Server } from "node:net";
import { afterEach, expect, test } from "vitest";
import { PortChooser } from "./port-chooser.ts";

const cleanups: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) {
    await cleanup();
  }
});

async function listen(port: number): Promise<number> {
  const server = createServer();
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  cleanups.push(() => new Promise((resolve) => server.close(resolve)));
  return portOf(server);
}

function portOf(server: Server): number {
  const address = server.address();
  if (typeof address !== "object" || address === null) {
    throw new TypeError("the server does not listen");
  }
  return address.port;
}

/** Ports that nobody had a moment ago. */
async function freePorts(count: number): Promise<readonly number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, "127.0.0.1"));
  await Promise.all(servers.map((server) => once(server, "listening")));
  const ports = servers.map(portOf);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

async function chooser(claimPort: number): Promise<PortChooser> {
  const created = await PortChooser.create(claimPort);
  cleanups.push(() => created.release());
  return created;
}

test("gives the preferred port when it is free", async () => {
  const [claim = 0, preferred = 0] = await freePorts(2);
  expect(await (await chooser(claim)).take(preferred)).toBe(preferred);
});

test("gives another port when the preferred one is busy", async () => {
  const [claim = 0] = await freePorts(1);
  const busy = await listen(0);
  const port = await (await chooser(claim)).take(busy);
  expect(port).not.toBe(busy);
  expect(await listen(port)).toBe(port);
});

test("gives no port twice", async () => {
  const [claim = 0, preferred = 0] = await freePorts(2);
  const ports = await chooser(claim);
  expect(await ports.take(preferred)).toBe(preferred);
  expect(await ports.take(preferred)).not.toBe(preferred);
});

test("keeps off the preferred ports while another stack starts, and takes them after it has", async () => {
  const [claim = 0, preferred = 0] = await freePorts(2);
  const first = await chooser(claim);
  const second = await chooser(claim);
  expect(await second.take(preferred)).not.toBe(preferred);
  expect(await first.take(preferred)).toBe(preferred);
  await first.release();
  expect(await (await chooser(claim)).take(preferred)).toBe(preferred);
});
