import { at, listAt, numberAt, textAt } from "../manifest.ts";
import type { Cluster, Workload } from "./cluster.ts";
import { drainSeconds, ownWorkloads, programOf } from "./pod-rules.ts";
import { type ProgramSettings, settingsOf } from "./program-settings.ts";
import { quantity } from "./quantity.ts";
import type { Rule } from "./rule.ts";

interface Program {
  readonly workload: Workload;
  readonly settings: Extract<ProgramSettings["loaded"], { ok: true }>["settings"];
}

/** The services whose settings can be loaded; a rule of its own finds the others. */
function programs(cluster: Cluster): readonly Program[] {
  return cluster.services.flatMap((workload) => {
    const loaded = settingsOf(cluster, workload)?.loaded;
    return loaded?.ok === true ? [{ workload, settings: loaded.settings }] : [];
  });
}

/** A rule about each service and what it will be configured to. */
function programRule(name: string, problems: (program: Program) => readonly (string | false)[]): Rule {
  return {
    name,
    violations: (cluster) =>
      programs(cluster).flatMap((program) =>
        problems(program)
          .filter((problem) => problem !== false)
          .map((problem) => `${program.workload.title}: ${problem}`),
      ),
  };
}

export const settingsLoad: Rule = {
  name: "configures programs of this repository with settings that they have, and take",
  violations: (cluster) =>
    ownWorkloads(cluster).flatMap((workload) => {
      const settings = settingsOf(cluster, workload);
      if (settings === undefined) return [`${workload.title}: there is no ${programOf(workload)}`];
      if (settings.loaded.ok) return [];
      return settings.loaded.problems.map(
        ({ source, message }) => `${workload.title}: ${source}: ${message}`,
      );
    }),
};

export const portsAreListenedOn = programRule(
  "names the ports that the programs listen on, for others than themselves",
  ({ workload, settings }) => {
    const listening = {
      operations: settings.operations,
      ...("listen" in settings ? { http: settings.listen } : {}),
      ...("hooks" in settings ? { hooks: settings.hooks, api: settings.webhooks } : {}),
    };
    return Object.entries(listening).flatMap(([name, { host, port }]) => {
      const ports = listAt(workload.containers[0], "ports");
      const found = ports.find((one) => at(one, "name") === name);
      return [
        at(found, "containerPort") !== port && `${name} is ${port}`,
        host !== "0.0.0.0" && `${name} listens on ${host}`,
      ];
    });
  },
);

export const drainFits = programRule(
  "leaves a program the time to drain that it is configured to take",
  ({ workload, settings }) => {
    const room = drainSeconds(workload) * 1_000;
    return [
      settings.drain.deadlineMs > room &&
        `drain.deadlineMs is ${settings.drain.deadlineMs}, and there is room for ${room}`,
      // Half a second for the last goodbyes, and some to flush.
      "windowMs" in settings.drain &&
        settings.drain.windowMs + 2_000 > settings.drain.deadlineMs &&
        "drain.windowMs does not fit into drain.deadlineMs",
    ];
  },
);

export const startsFit = programRule(
  "lets a program that finds no NATS end by itself, with its explanation",
  ({ workload, settings }) => {
    const probe = at(workload.containers[0], "startupProbe");
    const patience = numberAt(probe, "failureThreshold") * numberAt(probe, "periodSeconds") * 1_000;
    return [patience < settings.nats.startupDeadlineMs * 1.5 && `killed after ${patience} ms`];
  },
);

export const memoryFits = programRule(
  "keeps the heap, and what newcomers may fill, below the memory of the container",
  ({ workload, settings }) => {
    const [container] = workload.containers;
    const limit = quantity(textAt(container, "resources", "limits", "memory"));
    const options = listAt(container, "env").find((variable) => at(variable, "name") === "NODE_OPTIONS");
    const heap = Number(/--max-old-space-size=(\d+)/.exec(textAt(options, "value"))?.[1]) * 2 ** 20;
    const shedding = "admission" in settings ? settings.admission.memoryBytes : undefined;
    const production = settings.mode === "production" && "admission" in settings;
    return [
      !(heap <= limit * 0.7) && `heap ${heap} of ${limit}`,
      production && shedding === undefined && "admission.memoryBytes is not set",
      shedding !== undefined && shedding > limit * 0.9 && `admission.memoryBytes ${shedding} of ${limit}`,
    ];
  },
);

/** What a program will be refused with the permissions that its user has, by namespaces, user name and inbox. */
export function missingPermissions(accounts: string, settings: Program["settings"]): readonly string[] {
  const prefix = settings.subjects.prefix;
  const names =
    "namespaces" in settings
      ? Object.entries(settings.namespaces).flatMap(([name, { history }]) =>
          history === undefined ? [] : [name],
        )
      : settings.webhooks.namespaces;
  const inbox = `"${settings.nats.inboxPrefix?.split(".")[0]}.>"`;
  return [
    ...names.filter((name) => !accounts.includes(`STREAM.INFO.${prefix}_${name}"`)),
    ...[inbox, `user: ${settings.nats.user}\n`].filter((text) => !accounts.includes(text)),
  ];
}

export const namespacesAreRead = (accounts: string): Rule =>
  programRule("may do in NATS what its namespaces need", ({ settings }) =>
    missingPermissions(accounts, settings),
  );
