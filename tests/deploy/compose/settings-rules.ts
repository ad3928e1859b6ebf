import { at, numberAt } from "../manifest.ts";
import { missingPermissions } from "../policy/program-rules.ts";
import { seconds } from "./compose-project.ts";
import { type ComposeRule, serviceRule } from "./container-rules.ts";

export const settingsLoad = serviceRule(
  "configures programs of this repository with settings that they have, and take",
  ({ program, loaded }) => {
    if (program === undefined) return [];
    if (loaded === undefined) return [`there is no ${program}`];
    return loaded.loaded.ok
      ? []
      : loaded.loaded.problems.map(({ source, message }) => `${source}: ${message}`);
  },
);

/** What a process takes to close things once it has drained, at most, and some air. */
const STOP_S = 5;

export const drainFits = serviceRule(
  "leaves a program the time to drain that it is configured to take",
  ({ definition, settings, isTask }) => {
    if (settings === undefined || isTask) return [];
    const room = seconds(String(at(definition, "stop_grace_period"))) - STOP_S;
    const { deadlineMs } = settings.drain;
    return [
      !(deadlineMs <= room * 1_000) && `drain.deadlineMs is ${deadlineMs}, and there is room for ${room} s`,
      "windowMs" in settings.drain &&
        settings.drain.windowMs + 2_000 > deadlineMs &&
        "drain.windowMs does not fit into drain.deadlineMs",
    ];
  },
);

export const startsFit = serviceRule(
  "waits as long for a program as the program waits for NATS",
  ({ definition, settings, isTask }) => {
    if (settings === undefined || isTask) return [];
    const patience = seconds(String(at(definition, "healthcheck", "start_period")));
    return [!(patience * 1_000 >= settings.nats.startupDeadlineMs) && "healthcheck.start_period"];
  },
);

export const memoryFits = serviceRule(
  "keeps the heap, and what newcomers may fill, below the memory of the container",
  ({ environment, settings, memoryBytes, isTask }) => {
    if (settings === undefined || isTask) return [];
    const heap = Number(/--max-old-space-size=(\d+)/.exec(environment["NODE_OPTIONS"] ?? "")?.[1]) * 2 ** 20;
    const shedding = "admission" in settings ? settings.admission.memoryBytes : 0;
    return [
      !(heap <= memoryBytes * 0.7) && `heap ${heap} of ${memoryBytes}`,
      !(shedding !== undefined && shedding <= memoryBytes * 0.9) && `admission.memoryBytes ${shedding}`,
    ];
  },
);

/** Files that a process has open besides its connections. */
const OTHER_FILES = 1_000;

export const filesSuffice = serviceRule(
  "lets a gateway have as many files open as it takes connections",
  ({ definition, settings, isTask }) => {
    if (settings === undefined || !("limits" in settings) || isTask) return [];
    const most = numberAt(definition, "ulimits", "nofile", "soft");
    return [settings.limits.connections + OTHER_FILES > most && `nofile ${most}`];
  },
);

export const permissionsSuffice = serviceRule(
  "may do in NATS what its namespaces need",
  ({ settings }, project) =>
    settings === undefined ? [] : missingPermissions(project.file("../nats/accounts.conf"), settings),
);

export const copiesFit: ComposeRule = serviceRule(
  "asks for as many copies of streams as there are NATS servers",
  ({ settings }, { natsServers }) => {
    if (settings === undefined) return [];
    const asked = [
      ...("namespaces" in settings
        ? Object.entries(settings.namespaces).map(([name, { history }]) => [name, history?.replicas] as const)
        : [["webhooks", settings.webhooks.replicas] as const, ["hooks", settings.hooks.replicas] as const]),
    ];
    return asked.map(
      ([name, copies]) =>
        copies !== undefined && copies !== natsServers.length && `${name}: ${copies} copies`,
    );
  },
);
