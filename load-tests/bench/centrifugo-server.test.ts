import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DEVELOPMENT_KEY } from "@tidegate/auth";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { CentrifugoServer } from "./centrifugo-server.ts";

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "tidegate-fake-centrifugo-"));
});

afterEach(async () => {
  await rm(directory, { recursive: true, force: true });
});

/** A program in the place of Centrifugo. */
async function fake(source: string): Promise<string> {
  const path = join(directory, "centrifugo");
  await writeFile(path, `#!${process.execPath}\n${source}\n`, { mode: 0o755 });
  return path;
}

const REST = {
  natsUrl: "nats://127.0.0.1:4222",
  subjectPrefix: "rt",
  cpus: { kind: "free", reason: "a test" },
} as const;

describe("CentrifugoServer", () => {
  test("starts it with our NATS and our key, and waits until it is healthy", async () => {
    const binary = await fake(`
      const config = JSON.parse(require("node:fs").readFileSync(process.argv[3], "utf8"));
      const { address, port } = config.http_server;
      require("node:http").createServer((request, response) => {
        response.end(request.url === "/health" ? "{}" : JSON.stringify(config));
      }).listen(port, address);
    `);
    const server = await CentrifugoServer.start({ ...REST, binary });
    const response = await fetch(`http://127.0.0.1:${server.ports[0]}/config`);
    expect(await response.json()).toMatchObject({
      broker: { type: "nats", nats: { url: REST.natsUrl, raw_mode: { enabled: true, prefix: "rt." } } },
      client: { token: { hmac_secret_key: DEVELOPMENT_KEY.secret } },
      channel: { without_namespace: { allow_subscribe_for_client: true } },
    });
    if (process.platform === "linux") {
      expect((await server.readings()).residentBytes).toBeGreaterThan(0);
    }
    await server.stop();
  });

  test("shows what it said when it ends instead", async () => {
    const binary = await fake('console.error("no such broker"); process.exit(1);');
    await expect(CentrifugoServer.start({ ...REST, binary })).rejects.toMatchObject({
      code: "server_failed",
      message: expect.stringContaining("no such broker"),
    });
  });
});
