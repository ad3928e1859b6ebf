import { readFileSync } from "node:fs";
import { join } from "node:path";
import { DEVELOPMENT_KEY, mintToken } from "@tidegate/auth";
import {
  connectPlainNats,
  type NodeProcess,
  type OwnNatsServer,
  openClient,
  readEnvironment,
  spawnNode,
  startNats,
  waitUntil,
} from "@tidegate/testkit";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { startReceiver } from "../webhooks/receiver.ts";
import { at, listAt, recordAt, textAt } from "./manifest.ts";
import { Cluster } from "./policy/cluster.ts";
import { programOf } from "./policy/pod-rules.ts";
import { environmentOf } from "./policy/program-settings.ts";
import { ACCOUNTS, KUBERNETES, renderOverlays } from "./rendered-overlay.ts";

/** Where kustomize is not in the cache, it is built first. */
const INSTALL_TIMEOUT_MS = 15 * 60_000;
/** Several processes start one after the other, beside other tests. */
const START_PATIENCE_MS = 30_000;

const ROOT = join(import.meta.dirname, "../..");
const OVERLAY = join(KUBERNETES, "overlays/development");
const USERS = ["gateway", "webhooks", "provision", "backend", "system"] as const;

let server: OwnNatsServer;
let cluster: Cluster;
const started: { stop(signal: "SIGKILL"): Promise<unknown> }[] = [];

beforeAll(async () => {
  const development = (await renderOverlays()).find(({ overlay }) => overlay === "development");
  cluster = new Cluster(development?.manifests ?? []);
  server = await startNats({
    own: true,
    config: readFileSync(ACCOUNTS, "utf8"),
    env: {
      ...readEnvironment(),
      ...Object.fromEntries(USERS.map((user) => [`NATS_${user.toUpperCase()}_PASSWORD`, passwordOf(user)])),
    },
  });
  started.push(server);
}, INSTALL_TIMEOUT_MS);

afterAll(async () => {
  for (const one of started.reverse()) await one.stop("SIGKILL");
});

function passwordOf(user: string): string {
  return `password-of-${user}`;
}

function addressFor(user: string): string {
  return server.url.replace("//", `//${user}:${passwordOf(user)}@`);
}

/** Runs what a workload runs, with its variables and files but for what differs from machine to machine. */
async function run(title: RegExp): Promise<NodeProcess> {
  const workload = cluster.workloads.find((one) => title.test(one.title));
  if (workload === undefined) throw new TypeError(`there is no ${title}`);
  const variables = environmentOf(workload);
  const own = Object.fromEntries(Object.entries(variables).filter(([name]) => !name.endsWith("_FILE")));
  const ports = ["LISTEN", "OPERATIONS", "WEBHOOKS"].map((name) => [`TIDEGATE_${name}_PORT`, "0"]);
  const process = await spawnNode(join(ROOT, programOf(workload) ?? ""), {
    env: {
      ...own,
      TIDEGATE_CONFIG: (variables["TIDEGATE_CONFIG"] ?? "").replace("/etc/tidegate", OVERLAY),
      TIDEGATE_NATS_SERVERS: server.url,
      TIDEGATE_NATS_PASSWORD: passwordOf(variables["TIDEGATE_NATS_USER"] ?? ""),
      ...(title.test("Job") ? {} : { TIDEGATE_AUTH_SECRET: DEVELOPMENT_KEY.secret }),
      ...Object.fromEntries(ports.filter(([name = ""]) => belongs(name, workload.title))),
      ...(title.test("webhooks") ? { TIDEGATE_WEBHOOKS_ALLOW_NETWORKS: "127.0.0.0/8" } : {}),
    },
  });
  started.push(process);
  return process;
}

/** A program refuses variables of settings that it does not have. */
function belongs(variable: string, title: string): boolean {
  if (variable.includes("OPERATIONS")) return true;
  return title.includes("webhooks") === variable.includes("WEBHOOKS");
}

function portIn(line: string, name: string): unknown {
  return (JSON.parse(line) as Readonly<Record<string, unknown>>)[name];
}

it("lets everything run that the manifests run, and nobody miss a permission", async () => {
  const provision = await run(/^Job/);
  expect(await provision.exited).toMatchObject({ code: 0 });
  expect(provision.lines.map(({ text }) => text)).toContain("rt_orders was made.");

  const gateway = await run(/gateway$/);
  const webhooks = await run(/webhooks$/);
  const port = portIn(await gateway.waitForLine('"listening"', START_PATIENCE_MS), "port");
  const apiPort = portIn(await webhooks.waitForLine('"listening"', START_PATIENCE_MS), "apiPort");
  const backend = await connectPlainNats(addressFor("backend"));
  backend.subscribe("rpc.shop.price", { callback: (_error, message) => void message.respond("42") });
  await backend.flush();

  await using receiver = await startReceiver();
  const grants = {
    subscribe: ["orders.>"],
    publish: ["orders.>"],
    request: ["shop.>", "webhooks.>"],
    history: ["orders.>"],
  };
  const token = await mintToken({ sub: "alice", expiresInSeconds: 600, grants }, DEVELOPMENT_KEY);
  const client = openClient<Readonly<Record<string, unknown>>>(`ws://127.0.0.1:${port}/v1/ws`);
  await client.opened;
  client.send({ type: "connect", id: 1, token, channels: ["orders.new"] });
  await client.next("subscribed");
  client.send({ type: "publish", id: 2, channel: "orders.new", data: "of a client" });
  expect(await client.next("message")).toMatchObject({ data: "of a client" });
  const answer = await fetch(`http://127.0.0.1:${apiPort}/v1/webhooks/endpoints`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    body: JSON.stringify({ url: `${receiver.url}/hook`, channels: ["orders.>"] }),
  });
  expect(answer.status).toBe(201);

  backend.publish("rt.orders.new", '"of a backend"');
  expect(await client.next("message")).toMatchObject({ data: "of a backend" });
  client.send({ type: "request", id: 3, method: "shop.price", data: 1 });
  expect(await client.next(({ id }) => id === 3)).toMatchObject({ data: 42 });

  await waitUntil(() => receiver.of("/hook").length === 1, { message: "the delivery of the webhook" });

  await backend.close();
  for (const process of [gateway, webhooks]) {
    process.signal("SIGTERM");
    expect((await process.exited).code).toBe(0);
    expect(process.lines.filter(({ text }) => /permission|denied/i.test(text))).toStrictEqual([]);
  }
});

it("gets the passwords that it asks for, in development and by the chart, from the Secret that there will be", () => {
  const accounts = readFileSync(ACCOUNTS, "utf8");
  const asked = [...accounts.matchAll(/\$(NATS_\w+)/g)].map(([, variable]) => variable).sort();
  expect(asked).toHaveLength(USERS.length);
  const values: unknown = parse(readFileSync(join(KUBERNETES, "nats/values.yaml"), "utf8"));
  const ofChart = Object.entries(recordAt(values, "container", "env")).flatMap(([name, value]) => {
    const key = at(value, "valueFrom", "secretKeyRef", "key");
    return key === undefined ? [] : [{ name, key }];
  });
  const nats = cluster.named("StatefulSet", "nats");
  const ofDevelopment = listAt(nats, "spec", "template", "spec", "containers", 0, "env").flatMap(
    (variable) => {
      const key = at(variable, "valueFrom", "secretKeyRef", "key");
      return key === undefined ? [] : [{ name: textAt(variable, "name"), key }];
    },
  );
  for (const given of [ofChart, ofDevelopment]) {
    expect(given.map(({ name }) => name).sort()).toStrictEqual(asked);
    for (const { name, key } of given) expect(name).toBe(`NATS_${String(key).toUpperCase()}_PASSWORD`);
  }
  const image = textAt(nats, "spec", "template", "spec", "containers", 0, "image");
  expect(image).toBe(`nats:${textAt(values, "container", "image", "tag")}`);
});

describe("the permissions", () => {
  const INBOXES = ["_INBOX_gateway.a.b", "_INBOX_webhooks.a.b", "_INBOX_provision.b"] as const;
  const owners = { gateway: INBOXES[0], webhooks: INBOXES[1], provision: INBOXES[2] };

  it.each([
    ...["gateway", "webhooks", "provision", "backend"].map(
      (user) => [user, "publish", "rtout.orders.new"] as const,
    ),
    ...["backend", "webhooks", "provision"].map((user) => [user, "publish", "rtin.orders.new"] as const),
    ...["gateway", "backend", "provision"].map((user) => [user, "publish", "$KV.rtwh_endpoints.a"] as const),
    ...["gateway", "webhooks", "backend"].map(
      (user) => [user, "publish", "$JS.API.STREAM.DELETE.rt_orders"] as const,
    ),
    ["backend", "publish", "$JS.API.DIRECT.GET.KV_rtwh_endpoints"] as const,
    ...["gateway", "webhooks", "provision", "backend"].flatMap((user) =>
      INBOXES.filter((inbox) => inbox !== owners[user as keyof typeof owners]).map(
        (inbox) => [user, "subscribe", inbox] as const,
      ),
    ),
  ])("let %s not %s %s", async (user, action, subject) => {
    const connection = await connectPlainNats(addressFor(user));
    const denied = (async () => {
      for await (const status of connection.status())
        if (status.type === "error") return String(status.error);
      return "nothing";
    })();
    if (action === "publish") connection.publish(subject, "x");
    else connection.subscribe(subject, { callback: () => {} });
    await connection.flush();
    expect(await denied).toMatch(/permissions violation/i);
    await connection.close();
  });
});
