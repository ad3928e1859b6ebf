import { readFileSync } from "node:fs";
import { join } from "node:path";
import { DEVELOPMENT_KEY, mintToken } from "@tidegate/auth";
import {
  type NatsCluster,
  type NodeProcess,
  openClient,
  readEnvironment,
  spawnNode,
  startNatsCluster,
} from "@tidegate/testkit";
import { afterAll, beforeAll, expect, it } from "vitest";
import { signedStandard } from "../../webhooks/webhook-process.ts";
import { ACCOUNTS } from "../rendered-overlay.ts";
import { ComposeProject } from "./compose-project.ts";
import { DOCKER, openComposeReader } from "./compose-reader.ts";

/** Where the program that reads compose files is not in the cache, it is built first. */
const INSTALL_TIMEOUT_MS = 15 * 60_000;
/** Several processes start one after the other, beside other tests. */
const START_PATIENCE_MS = 30_000;
const ROOT = join(DOCKER, "../..");
const SECRET = /whsec_[\w+/=]+/.exec(file("webhooks.yaml"))?.[0] ?? "";

let project: ComposeProject;
let nats: NatsCluster;
const started: NodeProcess[] = [];

function file(path: string): string {
  return readFileSync(join(DOCKER, path), "utf8");
}

beforeAll(async () => {
  const read = await openComposeReader();
  project = new ComposeProject(await read(file("compose.yaml")), file);
  nats = await startNatsCluster({
    config: readFileSync(ACCOUNTS, "utf8"),
    env: { ...readEnvironment(), ...project.named("nats-1")?.environment },
  });
}, INSTALL_TIMEOUT_MS);

afterAll(async () => {
  await Promise.all(started.map((process) => process.stop("SIGKILL")));
  await nats?.stop();
});

/** Runs what a service runs, with its variables and files but for what differs from machine to machine. */
async function run(name: string, ports: readonly string[]): Promise<NodeProcess> {
  const service = project.named(name);
  const environment = service?.environment ?? {};
  const process = await spawnNode(join(ROOT, service?.program ?? ""), {
    env: {
      ...environment,
      TIDEGATE_CONFIG: (environment["TIDEGATE_CONFIG"] ?? "").replace("/etc/tidegate", DOCKER),
      TIDEGATE_NATS_SERVERS: nats.url,
      ...Object.fromEntries(ports.map((port) => [`TIDEGATE_${port}_PORT`, "0"])),
    },
  });
  started.push(process);
  return process;
}

async function portsOf(process: NodeProcess): Promise<Readonly<Record<string, unknown>>> {
  return JSON.parse(await process.waitForLine('"listening"', START_PATIENCE_MS));
}

it("what the containers run works together, on three NATS servers, and misses no permission", async () => {
  const provision = await run("provision", []);
  expect(await provision.exited).toMatchObject({ code: 0 });
  expect(provision.lines.map(({ text }) => text)).toContain("rt_orders was made.");

  const gateway = await run("gateway", ["LISTEN", "OPERATIONS"]);
  const webhooks = await run("webhooks", ["WEBHOOKS", "HOOKS", "OPERATIONS"]);
  const { port } = await portsOf(gateway);
  const { apiPort, hooksPort } = await portsOf(webhooks);

  const grants = { subscribe: ["orders.>"], publish: ["orders.>"], request: ["webhooks.>"] };
  const token = await mintToken({ sub: "alice", expiresInSeconds: 600, grants }, DEVELOPMENT_KEY);
  const client = openClient<Readonly<Record<string, unknown>>>(`ws://127.0.0.1:${port}/v1/ws`);
  await client.opened;
  client.send({ type: "connect", id: 1, token, channels: ["orders.new"] });
  await client.next("subscribed");
  client.send({ type: "publish", id: 2, channel: "orders.new", data: "of a client" });
  expect(await client.next("message")).toMatchObject({ data: "of a client" });

  const made = await fetch(`http://127.0.0.1:${apiPort}/v1/webhooks/endpoints`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    body: JSON.stringify({ url: "https://example.com/hook", channels: ["orders.>"] }),
  });
  expect(made.status).toBe(201);
  const body = '{"type":"example.happened"}';
  const delivered = await fetch(`http://127.0.0.1:${hooksPort}/hooks/example`, {
    method: "POST",
    headers: { ...signedStandard(SECRET, body), "content-type": "application/json" },
    body,
  });
  expect(delivered.ok).toBe(true);

  for (const process of [gateway, webhooks]) {
    process.signal("SIGTERM");
    expect((await process.exited).code).toBe(0);
    expect(process.lines.filter(({ text }) => /permission|denied/i.test(text))).toStrictEqual([]);
  }
});
