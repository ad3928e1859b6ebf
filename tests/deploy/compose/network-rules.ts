import { parse } from "yaml";
import { at, listAt, numberAt, textAt } from "../manifest.ts";
import type { ComposeProject, ComposeService } from "./compose-project.ts";
import { type ComposeRule, serviceRule } from "./container-rules.ts";

/** Where somebody expects somebody else. */
interface Target {
  readonly who: string;
  readonly host: string;
  readonly port: number;
}

/** Of images that are not ours, and listen on what they always listen on. */
const WELL_KNOWN: Readonly<Record<string, readonly number[]>> = { prometheus: [9090], grafana: [3000] };

/** The ports on which others reach a service, from the configuration that it will have. */
function openPorts(service: ComposeService): readonly number[] {
  if (service.name in WELL_KNOWN) return WELL_KNOWN[service.name] ?? [];
  if (service.image.startsWith("nats:")) {
    const text = service.mounted("/etc/nats/nats.conf");
    return [...text.matchAll(/^\s*(?:http_)?port: (\d+)$/gm)].map(([, port]) => Number(port));
  }
  if (service.image.startsWith("haproxy:")) {
    const text = service.mounted("/usr/local/etc/haproxy/haproxy.cfg");
    return [...text.matchAll(/^\s*bind :(\d+)$/gm)].map(([, port]) => Number(port));
  }
  const { settings } = service;
  if (settings === undefined || service.isTask) return [];
  const listening = [
    settings.operations,
    ...("listen" in settings ? [settings.listen] : []),
    ...("hooks" in settings
      ? [settings.webhooks, ...(settings.hooks.sources === undefined ? [] : [settings.hooks])]
      : []),
  ];
  return listening.filter(({ host }) => host === "0.0.0.0").map(({ port }) => port);
}

function targets(project: ComposeProject): readonly Target[] {
  return [
    ...proxyTargets(project.file("haproxy.cfg")),
    ...scrapeTargets(parse(project.file("prometheus.yaml"))),
    ...addresses("grafana", project.file("grafana/prometheus.yaml")),
    ...addresses("nats.conf", project.file("nats.conf")),
    ...project.services.flatMap(({ name, environment }) =>
      addresses(name, environment["TIDEGATE_NATS_SERVERS"] ?? ""),
    ),
    ...project.services.flatMap(({ name, definition }) => [
      ...listAt(definition, "ports").map((port) => ({
        who: "published",
        host: name,
        port: numberAt(port, "target"),
      })),
      ...listAt(definition, "healthcheck", "test")
        .flatMap((word) => addresses("health check", String(word)))
        .map((address) => ({ ...address, host: name })),
    ]),
  ];
}

function addresses(who: string, text: string): readonly Target[] {
  return [...text.matchAll(/\b(?:nats|http):\/\/([\w.-]+):(\d+)/g)].map(([, host = "", port]) => ({
    who,
    host,
    port: Number(port),
  }));
}

/** Both where requests go and where health is asked for. */
function proxyTargets(config: string): readonly Target[] {
  return config.split(/^(?=backend )/m).flatMap((section) => {
    const checked = Number(/\bcheck port (\d+)/.exec(section)?.[1]);
    return [...section.matchAll(/^\s*server-template \S+ \d+ ([\w-]+):(\d+)/gm)].flatMap(
      ([, host = "", port]) => [Number(port), checked].map((one) => ({ who: "proxy", host, port: one })),
    );
  });
}

function scrapeTargets(config: unknown): readonly Target[] {
  return listAt(config, "scrape_configs").flatMap((job) => {
    const who = textAt(job, "job_name");
    return [
      ...listAt(job, "dns_sd_configs").flatMap((one) =>
        listAt(one, "names").map((name) => ({ who, host: String(name), port: numberAt(one, "port") })),
      ),
      ...listAt(job, "static_configs")
        .flatMap((one) => listAt(one, "targets"))
        .map((target) => {
          const [host = "", port] = String(target).split(":");
          return { who, host: host === "localhost" ? who : host, port: Number(port) };
        }),
    ];
  });
}

export const targetsExist: ComposeRule = {
  name: "leads to services that there are, on ports that they listen on for others than themselves",
  violations: (project) => {
    const found = targets(project);
    // What is not found because it is written in another way must not pass for right.
    const expected = [
      "proxy",
      "tidegate-gateway",
      "tidegate-webhooks",
      "grafana",
      "nats.conf",
      "gateway",
      "webhooks",
    ];
    return [
      ...expected
        .filter((who) => !found.some((target) => target.who === who))
        .map((who) => `${who}: nothing`),
      ...found
        .filter(({ host, port }) => {
          const service = project.named(host);
          return service === undefined || !openPorts(service).includes(port);
        })
        .map(({ who, host, port }) => `${who}: ${host}:${port}`),
    ];
  },
};

export const everybodyIsScraped: ComposeRule = {
  name: "has Prometheus look at every program that goes on running",
  violations: (project) => {
    const scraped = scrapeTargets(parse(project.file("prometheus.yaml"))).map(({ host }) => host);
    return project.services
      .filter(({ name, program, isTask }) => program !== undefined && !isTask && !scraped.includes(name))
      .map(({ name }) => name);
  },
};

/** The longest wait of a poll: `timeout` of `/v1/poll`. */
const LONGEST_POLL_S = 60;

export const proxyWaits: ComposeRule = {
  name: "has the proxy wait longer than connections are silent and polls wait, and pass everything on as it comes",
  violations: (project) => {
    const config = project.file("haproxy.cfg");
    const [, defaults = ""] = /^defaults\n([\s\S]*?)^\S/m.exec(config) ?? [];
    const gateway = project.named("gateway")?.settings;
    return [
      ...["client", "server", "tunnel"].filter((name) => {
        const [, digits] = new RegExp(`^ *timeout ${name} (\\d+)s$`, "m").exec(defaults) ?? [];
        return !(Number(digits) > LONGEST_POLL_S * 1.25);
      }),
      ...["compression", "http-buffer-request", "cache"].filter((word) =>
        new RegExp(`^[^#\\n]*\\b${word}\\b`, "m").test(config),
      ),
      ...(/^\s*option forwardfor$/m.test(defaults) &&
      gateway !== undefined &&
      "listen" in gateway &&
      gateway.listen.forwardedHops === 1
        ? []
        : ["listen.forwardedHops"]),
    ];
  },
};

export const proxyCarriesAll: ComposeRule = serviceRule(
  "has the proxy take as many clients as the gateways do, with two files for each",
  ({ name, definition }, project) => {
    if (name !== "proxy") return [];
    const most = Number(/^\s*maxconn (\d+)$/m.exec(project.file("haproxy.cfg"))?.[1]);
    const gateway = project.named("gateway");
    const { settings } = gateway ?? {};
    const replicas = numberAt(gateway?.definition, "deploy", "replicas");
    const wanted =
      settings !== undefined && "limits" in settings ? settings.limits.connections * replicas : 0;
    return [
      replicas !== 3 && `${replicas} gateways`,
      !(most >= wanted) && `maxconn ${most} of ${wanted}`,
      !(numberAt(definition, "ulimits", "nofile", "soft") > most * 2) && "nofile",
    ];
  },
);

export const pathsAreOpen: ComposeRule = {
  name: "keeps operations and the API of webhooks from those who come through the proxy",
  violations: (project) => {
    const config = project.file("haproxy.cfg");
    const published = project.services.flatMap(({ name, definition }) =>
      listAt(definition, "ports").map((port) => `${name}:${at(port, "target")}`),
    );
    const closed = ["gateway:8080", "gateway:8081", "webhooks:8081", "webhooks:8090", "proxy:8404"];
    return [
      ...closed.filter((one) => published.includes(one)),
      ...(/server-template \S+ \d+ webhooks:8085/.test(config) ? ["webhooks:8085"] : []),
    ];
  },
};
