import { existsSync } from "node:fs";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { readEnvironment } from "@tidegate/runtime";
import { expect, onTestFinished, test } from "vitest";
import type { OwnNatsServer } from "./nats-server.ts";
import { startParentToKill } from "./parent-to-kill.ts";
import { connectPlainNats, type NatsConnection } from "./plain-nats.ts";
import { isProcessAlive, processState } from "./process-state.ts";
import { type StartNatsOptions, startNats } from "./start-nats.ts";
import { waitUntil } from "./wait-until.ts";

const env = readEnvironment();

async function ownNats(options: StartNatsOptions = {}): Promise<OwnNatsServer> {
  const nats = await startNats({ ...options, own: true });
  onTestFinished(() => nats.stop());
  return nats;
}

async function plain(url: string): Promise<NatsConnection> {
  const connection = await connectPlainNats(url);
  onTestFinished(() => connection.close());
  return connection;
}

async function temporaryDirectory(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), "tidegate-test-"));
  onTestFinished(() => rm(path, { recursive: true, force: true }));
  return path;
}

/** The JetStream API by plain requests, which keeps this package free of a client for it. */
async function jetStream(connection: NatsConnection, subject: string, body: object = {}) {
  const answer = await connection.request(`$JS.API.${subject}`, JSON.stringify(body));
  return answer.json<{ error?: { description: string }; state?: { messages: number } }>();
}

const stream = { name: "TEST", subjects: ["test.>"], storage: "file" };

test("a server accepts connections, keeps a stream and leaves nothing behind", async () => {
  const nats = await startNats({ own: true });
  onTestFinished(() => nats.stop());
  expect(nats.external).toBe(false);
  expect(nats.url).toBe(`nats://127.0.0.1:${nats.port}`);
  expect(nats.monitorUrl).toBeUndefined();
  const { pid } = nats;
  expect(isProcessAlive(Number(pid))).toBe(true);

  const connection = await plain(nats.url);
  expect((await jetStream(connection, "STREAM.CREATE.TEST", stream)).error).toBeUndefined();
  expect(await readdir(nats.storeDir)).toContain("jetstream");

  await connection.close();
  await nats.stop();
  await nats.stop();
  expect(isProcessAlive(Number(pid))).toBe(false);
  expect(nats.pid).toBeUndefined();
  expect(existsSync(dirname(nats.storeDir))).toBe(false);
  await expect(nats.restart()).rejects.toThrow(TypeError);
  await expect(nats.pause()).rejects.toThrow("cannot pause a nats-server that is stopped");
});

test("servers run side by side on ports of their own", async () => {
  const servers = await Promise.all([ownNats(), ownNats(), ownNats()]);
  expect(new Set(servers.map(({ port }) => port)).size).toBe(3);
  expect(new Set(servers.map(({ storeDir }) => storeDir)).size).toBe(3);
});

test("a server listens on loopback only", async () => {
  const nats = await ownNats({ monitor: true });
  const connection = await plain(nats.url);
  expect(connection.info?.host).toBe("127.0.0.1");
  const variables: unknown = await (await fetch(`${nats.monitorUrl}/varz`)).json();
  expect(variables).toMatchObject({ http_host: "127.0.0.1", port: nats.port });
});

test.each(["restart", "kill and restart"])("%s keeps port and stored messages", async (how) => {
  const nats = await ownNats();
  const { pid, port } = nats;
  const before = await plain(nats.url);
  await jetStream(before, "STREAM.CREATE.TEST", stream);
  await before.request("test.a", "1");
  await before.close();

  if (how !== "restart") {
    await nats.kill();
    await nats.kill();
    expect(nats.pid).toBeUndefined();
    expect(isProcessAlive(Number(pid))).toBe(false);
  }
  await nats.restart();
  expect(nats.port).toBe(port);
  expect(nats.pid).not.toBe(pid);
  expect(isProcessAlive(Number(pid))).toBe(false);

  const after = await plain(nats.url);
  expect(await jetStream(after, "STREAM.INFO.TEST")).toMatchObject({ state: { messages: 1 } });
});

test("clients that keep connecting to a server that is down do not take its port", async () => {
  const nats = await ownNats();
  await nats.kill();
  let attempts = 0;
  const knock = () =>
    new Promise<void>((resolve) => {
      attempts += 1;
      const socket = connect(nats.port, "127.0.0.1", () => resolve());
      socket.on("error", () => resolve());
      socket.on("connect", () => socket.destroy());
    });
  for (let round = 0; round < 20; round += 1) await Promise.all(Array.from({ length: 100 }, knock));
  expect(attempts).toBe(2000);
  await nats.restart();
  expect(nats.pid).toBeDefined();
});

test("a paused server holds its connections and answers when it is resumed", async () => {
  const nats = await ownNats();
  const connection = await plain(nats.url);
  await nats.pause();
  let answered = false;
  const flushed = connection.flush().then(() => {
    answered = true;
  });
  // It is accepted by the kernel, but the first message never comes.
  const silent = connect(nats.port, "127.0.0.1");
  onTestFinished(() => void silent.destroy());
  const bytes: Buffer[] = [];
  silent.on("data", (chunk: Buffer) => bytes.push(chunk));
  await new Promise((resolve) => silent.once("connect", resolve));
  expect(answered).toBe(false);
  expect(bytes).toEqual([]);

  await nats.resume();
  await flushed;
  await waitUntil(() => Buffer.concat(bytes).includes("INFO"));
});

test.each(["stop", "kill", "restart"] as const)("%s works on a paused server", async (operation) => {
  const nats = await ownNats();
  const { pid } = nats;
  await nats.pause();
  await nats[operation]();
  expect(isProcessAlive(Number(pid))).toBe(false);
});

test("operations that are called at once run in their order", async () => {
  const nats = await ownNats();
  const { pid } = nats;
  await Promise.all([nats.kill(), nats.restart(), nats.pause(), nats.resume(), nats.restart()]);
  expect(nats.pid).not.toBe(pid);
  await (await plain(nats.url)).flush();
});

test("a server that ends by itself is down and can be started again", async () => {
  const nats = await ownNats();
  process.kill(Number(nats.pid), "SIGKILL");
  await waitUntil(() => nats.pid === undefined);
  await nats.restart();
  await (await plain(nats.url)).flush();
});

test("added configuration applies, with variables from the environment", async () => {
  const nats = await ownNats({
    env: { ...env, TEST_PASSWORD: "s3cret" },
    config: 'accounts { A { jetstream: enabled, users: [{ user: "a", password: $TEST_PASSWORD }] } }',
  });
  await expect(connectPlainNats(nats.url)).rejects.toThrow(/authorization/i);
  const connection = await plain(nats.url.replace("nats://", "nats://a:s3cret@"));
  expect((await jetStream(connection, "STREAM.CREATE.TEST", stream)).error).toBeUndefined();
});

test("a given store survives the server and serves the next one", async () => {
  const storeDir = join(await temporaryDirectory(), "new", "store");
  const first = await ownNats({ storeDir });
  const before = await plain(first.url);
  await jetStream(before, "STREAM.CREATE.TEST", stream);
  await before.close();
  await first.stop();

  const second = await ownNats({ storeDir });
  expect(second.storeDir).toBe(storeDir);
  expect((await jetStream(await plain(second.url), "STREAM.INFO.TEST")).error).toBeUndefined();
});

test("a fixed port is used, and being taken is an error that names it", async () => {
  const first = await ownNats();
  const { port } = first;
  await expect(startNats({ own: true, port })).rejects.toMatchObject({
    code: "nats-start-failed",
    message: expect.stringContaining(`port ${port} is in use`),
  });
  await first.stop();
  const second = await ownNats({ port, monitor: true });
  expect(second.port).toBe(port);
});

test("a bad configuration fails with the log of the server and leaves nothing behind", async () => {
  const failure: unknown = await startNats({ own: true, config: "no_such_option: 1" }).catch(
    (error) => error,
  );
  expect(failure).toMatchObject({
    code: "nats-start-failed",
    message: expect.stringMatching(/ended with code 1[\s\S]*no_such_option/),
  });
  const configPath = /\S*\/tidegate-nats-[^/]+\/nats-server\.conf/.exec(String(failure))?.[0] ?? "";
  expect(configPath).not.toBe("");
  expect(existsSync(dirname(configPath))).toBe(false);
});

test("a program that is no nats-server fails within the time for the start", async () => {
  const directory = await temporaryDirectory();
  const fake =
    '#!/bin/sh\n[ "$1" = --version ] && exec echo "nats-server: v2.99.0"\necho started\nexec sleep 60\n';
  await writeFile(join(directory, "nats-server"), fake, { mode: 0o755 });
  const PATH = `${directory}:${env["PATH"]}`;
  const failure = startNats({ own: true, env: { ...env, PATH }, startTimeoutMs: 3_000 });
  await expect(failure).rejects.toMatchObject({
    code: "nats-start-failed",
    message: expect.stringMatching(/did not accept connections[\s\S]*started/),
  });
});

test("a start can be aborted", async () => {
  await expect(
    startNats({ own: true, signal: AbortSignal.abort(new Error("changed my mind")) }),
  ).rejects.toThrow("changed my mind");
});

test("NATS_URL is used as it is, and cannot be controlled", async () => {
  const theirs = await ownNats();
  const NATS_URL = `nats://127.0.0.1:1, nats://user:pass@127.0.0.1:${theirs.port}`;
  const nats = await startNats({ env: { ...env, NATS_URL } });
  expect(nats.external).toBe(true);
  expect(nats.url).toBe(NATS_URL);
  for (const operation of ["kill", "restart", "pause", "resume"] as const) {
    await expect(nats[operation]()).rejects.toThrow(TypeError);
    await expect(nats[operation]()).rejects.toThrow(`cannot ${operation} the server that NATS_URL names`);
  }
  await nats.stop();
  expect(isProcessAlive(Number(theirs.pid))).toBe(true);
});

test("an own server is started in spite of NATS_URL if it is demanded", async () => {
  const nats = await ownNats({ env: { ...env, NATS_URL: "nats://127.0.0.1:1" } });
  expect(nats.external).toBe(false);
  await (await plain(nats.url)).flush();
});

test("NATS_URL with nobody there is an error without the credentials", async () => {
  const failure = startNats({ env: { ...env, NATS_URL: "nats://user:s3cret@127.0.0.1:1" } });
  await expect(failure).rejects.toMatchObject({
    code: "nats-unreachable",
    message: expect.stringMatching(/^(?!.*s3cret).*127\.0\.0\.1:1/),
  });
  await expect(startNats({ env: { ...env, NATS_URL: "nats://" } })).rejects.toMatchObject({
    code: "nats-unreachable",
  });
});

test("NATS_URL with an old server is an error that says so", async () => {
  const old = createServer((socket) => socket.end('INFO {"server_name":"old","version":"2.10.29"}\r\n'));
  onTestFinished(() => void old.close());
  await new Promise<void>((resolve) => old.listen(0, "127.0.0.1", resolve));
  const address = old.address();
  if (address === null || typeof address === "string") throw new TypeError("it has a port");
  await expect(startNats({ env: { ...env, NATS_URL: `127.0.0.1:${address.port}` } })).rejects.toMatchObject({
    code: "nats-unreachable",
    message: expect.stringContaining("2.10.29"),
  });
});

test.each(["running", "paused"])("a %s server dies with its parent and its files go", async (state) => {
  await using parent = await startParentToKill(`
    import { startNats } from ${JSON.stringify(import.meta.resolve("./start-nats.ts"))};
    const nats = await startNats({ own: true });
    if (${state === "paused"}) await nats.pause();
    console.log(JSON.stringify({ pid: nats.pid, storeDir: nats.storeDir }));
    setInterval(() => {}, 1000);
  `);
  const report = await parent.report;
  const pid = Number(report["pid"]);
  expect(isProcessAlive(pid)).toBe(true);
  expect(processState(`/proc/${pid}/stat`) === "T").toBe(state === "paused");

  parent.process.signal("SIGKILL");
  await parent.process.exited;
  await waitUntil(() => !isProcessAlive(pid), { message: "nats-server to end" });
  await waitUntil(() => !existsSync(dirname(String(report["storeDir"]))), { message: "its files to go" });
});

test("a program that forgets its server ends, and the server with it", async () => {
  await using parent = await startParentToKill(`
    import { startNats } from ${JSON.stringify(import.meta.resolve("./start-nats.ts"))};
    const nats = await startNats({ own: true });
    console.log(JSON.stringify({ pid: nats.pid }));
  `);
  const pid = Number((await parent.report)["pid"]);
  expect(await parent.process.exited).toEqual({ code: 0, signal: null });
  await waitUntil(() => !isProcessAlive(pid), { message: "nats-server to end" });
});
