import { existsSync, readdirSync, readFileSync } from "node:fs";
import { lstat, mkdir, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { GATEWAY_SETTINGS } from "@tidegate/gateway";
import { loadSettings } from "@tidegate/runtime";
import { type OwnNatsServer, readEnvironment, runCommand, spawnNode, startNats } from "@tidegate/testkit";
import { WEBHOOK_SERVICE_SETTINGS } from "@tidegate/webhooks";
import { afterAll, beforeAll, expect, it } from "vitest";
import { recordAt, textAt } from "../manifest.ts";
import { type BuiltImage, buildImage } from "./build-image.ts";

const ROOT = join(import.meta.dirname, "../../..");
const DEPLOY = join(ROOT, "deploy");
const NODE = join(ROOT, "node_modules/node/bin/node");
/** Packages come from the cache of npm where they are there. */
const BUILD_TIMEOUT_MS = 5 * 60_000;
/** Beside other tests. */
const START_PATIENCE_MS = 30_000;
const CHECK_TIMEOUT_MS = 10_000;

let directory: string;
let image: BuiltImage;
let app: string;
let nats: OwnNatsServer;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "tidegate-image-"));
  [image, nats] = await Promise.all([
    buildImage({
      dockerfile: join(DEPLOY, "docker/Dockerfile"),
      context: ROOT,
      target: join(directory, "stages"),
      node: NODE,
    }),
    startNats({ own: true }),
  ]);
  app = join(image.root, image.workingDirectory);
}, BUILD_TIMEOUT_MS);

afterAll(async () => {
  await nats?.stop();
  await rm(directory, { recursive: true, force: true });
});

/** Paths of files and links below the working directory, with their sizes. */
async function contents(): Promise<ReadonlyMap<string, number>> {
  const entries = await readdir(app, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => !entry.isDirectory());
  const sizes = files.map(async ({ parentPath, name }) => {
    const path = join(parentPath, name);
    return [path.slice(app.length + 1), (await lstat(path)).size] as const;
  });
  return new Map(await Promise.all(sizes));
}

function packageAt(path: string): unknown {
  return JSON.parse(readFileSync(join(ROOT, path, "package.json"), "utf8"));
}

/** What manifests of Kubernetes and the compose file run. */
function programs(): readonly string[] {
  const found = readdirSync(DEPLOY, { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".yaml"))
    .flatMap((path) => readFileSync(join(DEPLOY, path), "utf8").match(/\bservices\/[\w/-]+\.ts\b/g) ?? []);
  return [...new Set(found)].sort();
}

it("holds what the programs need, and nothing of development", async () => {
  const paths = [...(await contents()).keys()];
  const wrong =
    /\.test\.ts$|\.fixture\.ts$|testing\/|testkit|playwright|vitest|typescript|services\/demo|\/dist\/.*\.tsbuildinfo/;
  expect(paths.filter((path) => !path.startsWith("node_modules/") && wrong.test(path))).toStrictEqual([]);
  const installed = new Set(paths.map((path) => /^node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1]));
  for (const name of ["typescript", "vitest", "node", "playwright-core", "ws", "@tidegate/testkit"])
    expect(installed, name).not.toContain(name);
  expect(existsSync(join(app, "LICENSE"))).toBe(true);
  expect(readdirSync(app).sort()).toStrictEqual(
    [
      ".npmrc",
      "LICENSE",
      "deploy",
      "node_modules",
      "package-lock.json",
      "package.json",
      "packages",
      "services",
    ].sort(),
  );
});

it("holds one native addon, that of this platform and Node", async () => {
  const addons = [...(await contents()).entries()].filter(([path]) => path.endsWith(".node"));
  const abi = await runCommand(NODE, ["--print", "process.versions.modules"], {
    env: readEnvironment(),
    timeoutMs: CHECK_TIMEOUT_MS,
  });
  expect(addons.map(([path]) => path)).toStrictEqual([
    `node_modules/uWebSockets.js/dist/bin/uws_${process.platform}_${process.arch}_${abi}.node`,
  ]);
});

it("stays small", async () => {
  const bytes = [...(await contents()).values()].reduce((sum, size) => sum + size, 0);
  expect(bytes).toBeLessThan(40e6);
});

it("runs every program that is deployed", async () => {
  expect(programs()).toHaveLength(3);
  await Promise.all(
    programs().map(async (program) => {
      const process = await spawnNode(join(app, program), { args: ["--help"], cwd: app });
      expect(await process.exited, program).toMatchObject({ code: 0 });
    }),
  );
});

it("is based on the Node of the tests, runs its arguments as they are, and as nobody in particular", () => {
  const version = textAt(packageAt("."), "devDependencies", "node");
  expect(image.base).toBe(`node:${version}-bookworm-slim`);
  expect(image.entrypoint).toStrictEqual([]);
  expect(image.command).toStrictEqual(["node", "services/gateway/src/main.ts"]);
  expect(image.user).toBe("1000:1000");
});

it("tells what it is", () => {
  const names = ["title", "description", "licenses", "version", "revision", "base.name"];
  expect([...image.labels.keys()]).toStrictEqual(names.map((name) => `org.opencontainers.image.${name}`));
  expect([...image.labels.values()]).not.toContain("");
  const own = recordAt(packageAt("."));
  expect(image.labels.get("org.opencontainers.image.version")).toBe(own["version"]);
  expect(image.labels.get("org.opencontainers.image.licenses")).toBe(own["license"]);
  expect(image.labels.get("org.opencontainers.image.base.name")).toBe(image.base);
});

it("names the ports that the programs have by default", () => {
  const gateway = loadSettings(GATEWAY_SETTINGS, { environment: { TIDEGATE_AUTH_ALGORITHMS: "HS256" } });
  const webhooks = loadSettings(WEBHOOK_SERVICE_SETTINGS, { environment: {} });
  if (!gateway.ok || !webhooks.ok) throw new TypeError("defaults are refused");
  const { listen, operations } = gateway.settings;
  const { webhooks: api, hooks } = webhooks.settings;
  expect(image.ports).toStrictEqual([listen.port, operations.port, api.port, hooks.port]);
});

it("gets well, drains, and has written nothing", async () => {
  const [interpreter = "", script = "", path = ""] = image.healthCheck;
  const empty = join(directory, "empty");
  await mkdir(empty);
  const before = await contents();
  const gateway = await spawnNode(join(app, image.command[1] ?? ""), {
    cwd: app,
    env: {
      HOME: join(directory, "no-such-home"),
      TMPDIR: empty,
      TIDEGATE_NATS_SERVERS: nats.url,
      TIDEGATE_LISTEN_PORT: "0",
      TIDEGATE_OPERATIONS_PORT: "0",
      TIDEGATE_AUTH_ALGORITHMS: "HS256",
      TIDEGATE_AUTH_SECRET: "a secret of the test of the image, which nobody else has",
      TIDEGATE_NAMESPACES: '{"chat":{"publish":"direct"}}',
    },
  });
  const listening = JSON.parse(await gateway.waitForLine('"listening"', START_PATIENCE_MS)) as {
    readonly operationsPort: number;
  };
  const check = (...args: readonly string[]): Promise<string> =>
    runCommand(interpreter, [join(image.root, script), ...args], {
      env: { ...readEnvironment(), TIDEGATE_OPERATIONS_PORT: String(listening.operationsPort) },
      timeoutMs: CHECK_TIMEOUT_MS,
    });
  expect(path).toBe("/healthz");
  await check(path);
  await check("/readyz");
  await expect(check("/nothing")).rejects.toThrow("ended with code 1");

  expect(await gateway.stop()).toMatchObject({ code: 0 });
  await expect(check(path)).rejects.toThrow("ended with code 1");
  expect(await contents()).toStrictEqual(before);
  expect(readdirSync(empty)).toStrictEqual([]);
});
