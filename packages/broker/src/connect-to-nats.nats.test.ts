import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { nkeys } from "@nats-io/transport-node";
import { freePort, testCertificate } from "@tidegate/testkit";
import { describe, expect, it, onTestFinished } from "vitest";
import { openBroker, ownServer } from "../testing/open-broker.ts";
import { connectBroker } from "./broker.ts";
import { BrokerError } from "./broker-error.ts";
import type { BrokerOptionsInput } from "./broker-options.ts";
import { resolveBrokerOptions } from "./broker-options.ts";

const PASSWORD = "pa55-of-the-gateway";

function temporaryFile(name: string, content: string): string {
  const folder = mkdtempSync(join(tmpdir(), "tidegate-broker-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

async function failure(options: BrokerOptionsInput, signal?: AbortSignal): Promise<BrokerError> {
  const error: unknown = await connectBroker(resolveBrokerOptions(options), signal).then(
    (broker) => broker.drain(),
    (reason: unknown) => reason,
  );
  if (!(error instanceof BrokerError)) throw new Error("connecting did not fail with a BrokerError");
  return error;
}

describe("connectBroker", () => {
  it("is connected when it resolves", async () => {
    const server = await ownServer({ monitor: true });
    const { broker } = await openBroker(server.url);
    expect(broker.state).toBe("connected");
    expect(broker.maxPayload).toBe(1024 * 1024);
    const page = await fetch(`${server.monitorUrl}/connz`);
    expect(await page.json()).toMatchObject({ connections: [{ name: "node-under-test" }] });
  });

  it("gives up at the startup deadline, naming servers and reason", async () => {
    const port = await freePort();
    const error = await failure({
      servers: [`nats://127.0.0.1:${port}`],
      name: "n",
      startupDeadlineMs: 150,
      reconnectTimeWaitMs: 20,
      reconnectJitterMs: 0,
    });
    expect(error.code).toBe("startup_timeout");
    expect(error.retryable).toBe(true);
    expect(error.message).toContain(`nats://127.0.0.1:${port}`);
    expect(error.message).toContain("150 ms; last reason: connection refused");
  });

  it("gives up at the startup deadline when a server accepts and then says nothing", async () => {
    const server = await ownServer();
    await server.pause();
    const error = await failure({ servers: [server.url], name: "n", startupDeadlineMs: 150 });
    expect(error.code).toBe("startup_timeout");
    await server.resume();
  });

  it("waits for a server that starts later", async () => {
    const port = await freePort();
    const connecting = openBroker(`nats://127.0.0.1:${port}`, { startupDeadlineMs: 15_000 });
    await ownServer({ port });
    const { broker } = await connecting;
    expect(broker.state).toBe("connected");
  });

  it("connects to whichever of its servers is there", async () => {
    const server = await ownServer();
    const { broker } = await openBroker(server.url, {
      servers: [`nats://127.0.0.1:${await freePort()}`, server.url],
    });
    expect(broker.state).toBe("connected");
  });

  it("stops waiting when it is told to", async () => {
    const options = { servers: [`nats://127.0.0.1:${await freePort()}`], name: "n" };
    const stop = new AbortController();
    const failing = failure(options, stop.signal);
    stop.abort();
    expect((await failing).code).toBe("closed");
    expect((await failure(options, AbortSignal.abort())).code).toBe("closed");
  });

  it("fails at once on wrong credentials, without repeating them", async () => {
    const server = await ownServer({ config: `authorization { user: gw, password: "${PASSWORD}" }` });
    for (const credentials of [
      { kind: "password", user: "gw", password: "wrong-s3cret" },
      { kind: "token", token: "wrong-s3cret" },
      { kind: "none" },
    ] as const) {
      const error = await failure({ servers: [server.url], name: "n", credentials });
      expect(error.code).toBe("denied");
      expect(error.retryable).toBe(false);
      expect(`${error.stack} ${JSON.stringify(error)} ${error.cause}`).not.toContain("s3cret");
    }
  });

  it("connects with user and password", async () => {
    const server = await ownServer({ config: `authorization { user: gw, password: "${PASSWORD}" }` });
    const credentials = { kind: "password", user: "gw", password: PASSWORD } as const;
    expect((await openBroker(server.url, { credentials })).broker.state).toBe("connected");
  });

  it("connects with a token", async () => {
    const server = await ownServer({ config: `authorization { token: "${PASSWORD}" }` });
    const credentials = { kind: "token", token: PASSWORD } as const;
    expect((await openBroker(server.url, { credentials })).broker.state).toBe("connected");
  });

  it("connects with the NKEY seed in a file", async () => {
    const user = nkeys.createUser();
    const server = await ownServer({
      config: `authorization { users: [ { nkey: ${user.getPublicKey()} } ] }`,
    });
    const path = temporaryFile("gw.nk", `${Buffer.from(user.getSeed()).toString()}\n`);
    expect((await openBroker(server.url, { credentials: { kind: "nkey_file", path } })).broker.state).toBe(
      "connected",
    );
    const other = temporaryFile("other.nk", Buffer.from(nkeys.createUser().getSeed()).toString());
    const wrong = {
      servers: [server.url],
      name: "n",
      credentials: { kind: "nkey_file", path: other },
    } as const;
    expect((await failure(wrong)).code).toBe("denied");
  });

  it("fails at once when a credentials or TLS file cannot be read", async () => {
    const servers = ["nats://127.0.0.1:1"];
    const path = join(tmpdir(), "tidegate-no-such-file");
    for (const wrong of [
      { credentials: { kind: "creds_file", path } },
      { credentials: { kind: "nkey_file", path } },
      { tls: { caFile: path } },
    ] as const) {
      const error = await failure({ servers, name: "n", ...wrong });
      expect(error.code).toBe("unreadable_file");
      expect(error.message).toContain(path);
    }
  });

  /** A server with a certificate for the address, and the certificate's file. */
  async function tlsServer(address: string, handshakeFirst: string) {
    const { pem, privateKey } = testCertificate({ name: "tidegate test", address });
    const caFile = temporaryFile("cert.pem", pem);
    const key = privateKey.export({ type: "pkcs8", format: "pem" }).toString();
    const keyFile = temporaryFile("key.pem", key);
    const config = `tls { cert_file: "${caFile}", key_file: "${keyFile}", handshake_first: ${handshakeFirst} }`;
    const server = await ownServer({ config });
    return { url: server.url.replace("nats://", "tls://"), caFile };
  }

  it("uses TLS and trusts only the given authority", async () => {
    const { url, caFile } = await tlsServer("127.0.0.1", "false");
    expect((await openBroker(url, { tls: { caFile } })).broker.state).toBe("connected");
    const stranger = { servers: [url], name: "n", startupDeadlineMs: 100 };
    expect((await failure(stranger)).message).toMatch(/self-signed certificate/);
  });

  it("refuses a certificate for another address", async () => {
    const { url, caFile } = await tlsServer("127.0.0.2", "false");
    const options = { servers: [url], name: "n", startupDeadlineMs: 100, tls: { caFile } };
    expect((await failure(options)).message).toMatch(/does not match certificate/);
  });

  it("starts TLS before the protocol where it is told to", async () => {
    const first = await tlsServer("127.0.0.1", '"50ms"');
    const tls = { caFile: first.caFile, handshakeFirst: true };
    expect((await openBroker(first.url, { tls })).broker.state).toBe("connected");
    const later = await tlsServer("127.0.0.1", "false");
    const options = {
      servers: [later.url],
      name: "n",
      startupDeadlineMs: 100,
      tls: { ...tls, caFile: later.caFile },
    };
    expect((await failure(options)).code).toBe("startup_timeout");
  });

  it("does not fall back to plain text for a server that says tls", async () => {
    const server = await ownServer();
    const error = await failure({
      servers: [server.url.replace("nats://", "tls://")],
      name: "n",
      startupDeadlineMs: 100,
    });
    expect(error.message).toMatch(/does not support 'tls'/);
  });
});
