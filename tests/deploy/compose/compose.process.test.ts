import { cpSync, existsSync, readdirSync, readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DEVELOPMENT_KEY } from "@tidegate/auth";
import { locateNatsServer, locatePromtool, readEnvironment, runCommand } from "@tidegate/testkit";
import { beforeAll, describe, expect, it } from "vitest";
import { at, listAt, type Manifest, textAt } from "../manifest.ts";
import { ComposeProject } from "./compose-project.ts";
import { DOCKER, openComposeReader, type ReadCompose } from "./compose-reader.ts";
import type { ComposeRule } from "./container-rules.ts";
import * as containers from "./container-rules.ts";
import * as monitoring from "./monitoring-rules.ts";
import * as network from "./network-rules.ts";
import * as settings from "./settings-rules.ts";

/** Where the program that reads compose files is not in the cache, it is built first. */
const INSTALL_TIMEOUT_MS = 15 * 60_000;
const CHECK_TIMEOUT_MS = 30_000;
const VERSION = textAt(
  JSON.parse(readFileSync(join(DOCKER, "../../package.json"), "utf8")) as Manifest,
  "version",
);
const oneImage = containers.oneImage(VERSION);

const RULES: readonly ComposeRule[] = [
  containers.referencesExist,
  containers.imagesAreFixed,
  containers.containersAreConfined,
  containers.servicesAreWatched,
  containers.resourcesAreBounded,
  containers.portsStayLocal,
  containers.passwordsAgree,
  containers.natsServersDiffer,
  oneImage,
  settings.settingsLoad,
  settings.drainFits,
  settings.startsFit,
  settings.memoryFits,
  settings.filesSuffice,
  settings.permissionsSuffice,
  settings.copiesFit,
  network.targetsExist,
  network.everybodyIsScraped,
  network.proxyWaits,
  network.proxyCarriesAll,
  network.pathsAreOpen,
  monitoring.rulesAreLoaded,
  monitoring.dashboardIsFound,
];

let read: ReadCompose;

beforeAll(async () => {
  read = await openComposeReader();
}, INSTALL_TIMEOUT_MS);

function file(path: string): string {
  return readFileSync(join(DOCKER, path), "utf8");
}

describe("compose.yaml", () => {
  it.each(RULES.map((rule) => [rule.name, rule] as const))("%s", async (_name, rule) => {
    const project = new ComposeProject(await read(file("compose.yaml")), file);
    expect(project.services.length).toBeGreaterThan(8);
    expect(rule.violations(project)).toStrictEqual([]);
  });

  it("takes every password from its variable, in all places alike", async () => {
    const names = [...file(".env.example").matchAll(/^(\w+)=$/gm)].map(([, name = ""]) => name);
    expect(names).toHaveLength(8);
    const text = file("compose.yaml");
    const asked = new Set([...text.matchAll(/\$\{(\w+)/g)].map(([, name]) => name));
    expect([...asked].sort()).toStrictEqual([...names].sort());
    const model = await read(text.replaceAll(/\$\{(\w+):-[^}]*\}/g, "given-$1"));
    expect(containers.passwordsAgree.violations(new ComposeProject(model, file))).toStrictEqual([]);
    expect(JSON.stringify(model)).not.toContain("development");
  });

  it("has the secret of development by default, which production refuses", async () => {
    const project = new ComposeProject(await read(file("compose.yaml")), file);
    expect(project.named("gateway")?.environment["TIDEGATE_AUTH_SECRET"]).toBe(DEVELOPMENT_KEY.secret);
  });
});

/** Each breaks the rule before it, in a file of `deploy/docker`. */
const BREAKS: readonly (readonly [ComposeRule, string, string | RegExp, string])[] = [
  [containers.referencesExist, "compose.yaml", "provision: { condition:", "provisions: { condition:"],
  [containers.referencesExist, "compose.yaml", "nats-3: {}", "nats-4: {}"],
  [containers.imagesAreFixed, "compose.yaml", "haproxy:3.0.11-alpine", "haproxy:latest"],
  [containers.containersAreConfined, "compose.yaml", "read_only: true\n  cap_drop", "cap_drop"],
  [
    containers.containersAreConfined,
    "compose.yaml",
    "prom/prometheus:v3.5.0",
    "prom/prometheus:v3.5.0\n    user: root",
  ],
  [containers.servicesAreWatched, "compose.yaml", "restart: unless-stopped", "restart: always"],
  [containers.servicesAreWatched, "compose.yaml", "service_completed_successfully", "service_started"],
  [containers.resourcesAreBounded, "compose.yaml", 'cpus: "2", memory: 1G', 'cpus: "2"'],
  [containers.portsStayLocal, "compose.yaml", "host_ip: 127.0.0.1", "host_ip: 0.0.0.0"],
  [containers.passwordsAgree, "compose.yaml", "TIDEGATE_NATS_USER: webhooks", "TIDEGATE_NATS_USER: gateway"],
  [containers.natsServersDiffer, "compose.yaml", "source: nats-3", "source: nats-2"],
  [containers.natsServersDiffer, "../nats/accounts.conf", "$NATS_BACKEND_PASSWORD", "$NATS_SHOP_PASSWORD"],
  [oneImage, "compose.yaml", "tidegate:0.1.0", "tidegate:0.0.9"],
  [settings.settingsLoad, "compose.yaml", "TIDEGATE_WEBHOOKS_HOST", "TIDEGATE_WEBHOOK_HOST"],
  [settings.settingsLoad, "gateway.yaml", "connections: 10000", "connection: 10000"],
  [settings.drainFits, "compose.yaml", "stop_grace_period: 20s", "stop_grace_period: 12s"],
  [settings.drainFits, "gateway.yaml", "windowMs: 5s", "windowMs: 9s"],
  [settings.startsFit, "compose.yaml", "start_period: 30s", "start_period: 20s"],
  [settings.memoryFits, "compose.yaml", "memory: 768M", "memory: 700M"],
  [settings.memoryFits, "gateway.yaml", "memoryBytes: 640MiB", "retryMs: 5s"],
  [settings.filesSuffice, "gateway.yaml", "connections: 10000", "connections: 12000"],
  [settings.permissionsSuffice, "gateway.yaml", "orders:", "others:"],
  [settings.copiesFit, "webhooks.yaml", "allowHttp: true", "replicas: 1"],
  [network.targetsExist, "haproxy.cfg", "gateway:8080", "gateways:8080"],
  [network.targetsExist, "haproxy.cfg", "check port 8081", "check port 8082"],
  [network.targetsExist, "prometheus.yaml", "names: [webhooks]", "names: [webhook]"],
  [network.targetsExist, "nats.conf", "nats://nats-3:6222", "nats://nats-4:6222"],
  [network.targetsExist, "compose.yaml", "127.0.0.1:8222", "127.0.0.1:8223"],
  [
    network.targetsExist,
    "compose.yaml",
    "TIDEGATE_OPERATIONS_HOST: 0.0.0.0",
    "TIDEGATE_OPERATIONS_HOST: 127.0.0.1",
  ],
  [network.everybodyIsScraped, "prometheus.yaml", "names: [webhooks]", "names: [gateway]"],
  [network.proxyWaits, "haproxy.cfg", "timeout tunnel 120s", "timeout tunnel 60s"],
  [network.proxyWaits, "haproxy.cfg", "option forwardfor", "option httplog"],
  [network.proxyWaits, "gateway.yaml", "forwardedHops: 1", "forwardedHops: 0"],
  [network.proxyCarriesAll, "haproxy.cfg", "maxconn 30000", "maxconn 20000"],
  [network.proxyCarriesAll, "compose.yaml", "replicas: 3", "replicas: 2"],
  [network.pathsAreOpen, "haproxy.cfg", "webhooks:8090", "webhooks:8085"],
  [monitoring.rulesAreLoaded, "compose.yaml", "target: /etc/prometheus/rules", "target: /prometheus/rules"],
  [monitoring.rulesAreLoaded, "prometheus.yaml", "rules/*.yaml", "rules/*.yml"],
  [monitoring.rulesAreLoaded, "prometheus.yaml", "job_name: tidegate-webhooks", "job_name: webhooks"],
  [monitoring.dashboardIsFound, "compose.yaml", "grafana/dashboards/tidegate.json", "grafana/tidegate.json"],
  [monitoring.dashboardIsFound, "grafana/prometheus.yaml", "isDefault: true", "isDefault: false"],
  [monitoring.dashboardIsFound, "prometheus.yaml", "scrape_interval: 15s", "scrape_interval: 30s"],
];

describe("the policy", () => {
  it.each(BREAKS.map((one) => [one[0].name, one[1], one[3], one] as const))(
    "%s: not in %s with %j",
    async (_name, _path, _after, [rule, path, before, after]) => {
      const broken = file(path).replaceAll(
        typeof before === "string" ? before : new RegExp(before, "g"),
        after,
      );
      expect(broken).not.toBe(file(path));
      const brokenFile = (name: string): string => (name === path ? broken : file(name));
      const project = new ComposeProject(await read(brokenFile("compose.yaml")), brokenFile);
      expect(rule.violations(project)).not.toStrictEqual([]);
    },
  );

  it("breaks every rule that it has", () => {
    const broken = new Set(BREAKS.map(([rule]) => rule.name));
    expect(RULES.map(({ name }) => name).filter((name) => !broken.has(name))).toStrictEqual([]);
  });
});

it.each([
  ["a field that does not exist", "restart: unless-stopped", "restarts: unless-stopped"],
  ["a text where a number belongs", "retries: 10", "retries: often"],
])("the program that reads it finds %s", async (_what, before, after) => {
  const broken = file("compose.yaml").replaceAll(before, after);
  expect(broken).not.toBe(file("compose.yaml"));
  await expect(read(broken)).rejects.toThrow("ended with code 1");
});

it("nats.conf is taken by nats-server, with the permissions", async () => {
  const directory = await mkdtemp(join(tmpdir(), "tidegate-nats-conf-"));
  try {
    cpSync(join(DOCKER, "nats.conf"), join(directory, "nats.conf"));
    cpSync(join(DOCKER, "../nats/accounts.conf"), join(directory, "accounts.conf"));
    const project = new ComposeProject(await read(file("compose.yaml")), file);
    const env = { ...readEnvironment(), ...project.named("nats-1")?.environment };
    const options = { env, timeoutMs: CHECK_TIMEOUT_MS };
    const check = ["-t", "-c", join(directory, "nats.conf")];
    const server = await locateNatsServer();
    await runCommand(server, check, options);
    await expect(
      runCommand(server, check, { ...options, env: { ...env, NATS_BACKEND_PASSWORD: undefined } }),
    ).rejects.toThrow(/NATS_BACKEND_PASSWORD/);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
});

it("prometheus.yaml is taken by promtool, with the rules", { timeout: INSTALL_TIMEOUT_MS }, async () => {
  const directory = await mkdtemp(join(tmpdir(), "tidegate-prometheus-"));
  try {
    cpSync(join(DOCKER, "prometheus.yaml"), join(directory, "prometheus.yaml"));
    cpSync(join(DOCKER, "../prometheus/rules"), join(directory, "rules"), { recursive: true });
    const said = await runCommand(await locatePromtool(), ["check", "config", "prometheus.yaml"], {
      env: readEnvironment(),
      cwd: directory,
      timeoutMs: CHECK_TIMEOUT_MS,
    });
    expect(said.match(/SUCCESS: \d+ rules found/g)).toHaveLength(
      readdirSync(join(directory, "rules")).length,
    );
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
});

it("everything that compose.yaml mounts is there, and everything that is there is of use", async () => {
  const project = new ComposeProject(await read(file("compose.yaml")), file);
  const mounted = project.services.flatMap(({ definition }) =>
    listAt(definition, "volumes")
      .filter((mount) => at(mount, "type") === "bind")
      .map((mount) => textAt(mount, "source")),
  );
  expect(mounted.filter((path) => !existsSync(path))).toStrictEqual([]);
  const others = [
    ".env",
    ".env.example",
    "Dockerfile",
    "README.md",
    "nginx-location.conf",
    "compose.yaml",
    "health-check.sh",
  ];
  const unused = readdirSync(DOCKER, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !others.includes(entry.name))
    .map(({ parentPath, name }) => join(parentPath, name))
    .filter((path) => !mounted.includes(path));
  expect(unused).toStrictEqual([]);
});
