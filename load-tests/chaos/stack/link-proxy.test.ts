import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";
import { waitUntil } from "@tidegate/testkit";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { LinkProxy } from "./link-proxy.ts";

let server: Server;
let served: Socket[];
let proxy: LinkProxy;

beforeEach(async () => {
  served = [];
  server = createServer((socket) => {
    served.push(socket);
    socket.on("error", () => {});
    socket.on("data", (bytes) => socket.write(`echo ${bytes}`));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  proxy = await LinkProxy.start(typeof address === "object" && address !== null ? address.port : 0);
});

afterEach(async () => {
  await proxy.close();
  for (const socket of served) {
    socket.destroy();
  }
  server.close();
});

interface Client {
  readonly socket: Socket;
  /** Everything that came. */
  text(): string;
}

async function open(): Promise<Client> {
  const socket = connect(proxy.port, "127.0.0.1");
  let text = "";
  socket.on("error", () => {});
  socket.on("data", (bytes) => {
    text += bytes.toString();
  });
  await once(socket, "connect");
  return { socket, text: () => text };
}

async function ask(client: Client, question: string): Promise<void> {
  client.socket.write(question);
  await waitUntil(() => client.text().endsWith(`echo ${question}`));
}

describe("LinkProxy", () => {
  test("passes bytes both ways, and the end", async () => {
    const client = await open();
    await ask(client, "a");
    expect(proxy.connections).toBe(1);
    client.socket.end();
    await once(client.socket, "close");
    await waitUntil(() => proxy.connections === 0);
  });

  test("cuts connections and refuses new ones until it is restored", async () => {
    const client = await open();
    await ask(client, "a");
    proxy.cut();
    await waitUntil(() => client.socket.closed);
    const refused = connect(proxy.port, "127.0.0.1").on("error", () => {});
    await waitUntil(() => refused.closed);
    proxy.restore();
    await ask(await open(), "b");
  });

  test("holds bytes back, and lets them through in order", async () => {
    const client = await open();
    await ask(client, "a");
    proxy.hold();
    client.socket.write("b");
    served[0]?.write("said meanwhile ");
    const late = await open();
    late.socket.write("c");
    expect(client.text()).toBe("echo a");
    proxy.restore();
    await waitUntil(() => client.text().includes("said meanwhile") && client.text().includes("echo b"));
    await waitUntil(() => late.text() === "echo c");
  });

  test("swallows what goes over connections of now, for good, while new ones work", async () => {
    const client = await open();
    await ask(client, "a");
    proxy.swallow();
    client.socket.write("b");
    served[0]?.write("lost");
    const other = await open();
    await ask(other, "c");
    proxy.restore();
    await ask(other, "d");
    expect(client.text()).toBe("echo a");
    expect(client.socket.closed).toBe(false);
    client.socket.destroy();
    await waitUntil(() => served[0]?.closed);
  });
});
