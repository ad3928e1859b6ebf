import { at, listAt, recordAt, textAt } from "../manifest.ts";
import type { ComposeProject, ComposeService } from "./compose-project.ts";

/** Something that must hold for the compose file, and that no schema says. */
export interface ComposeRule {
  readonly name: string;
  /** A line for each place where it does not hold. */
  violations(project: ComposeProject): readonly string[];
}

/** A rule about each service. */
export function serviceRule(
  name: string,
  problems: (service: ComposeService, project: ComposeProject) => readonly (string | false)[],
): ComposeRule {
  return {
    name,
    violations: (project) =>
      project.services.flatMap((service) =>
        problems(service, project)
          .filter((problem) => problem !== false)
          .map((problem) => `${service.name}: ${problem}`),
      ),
  };
}

export const imagesAreFixed = serviceRule("names a version of each image", ({ image }) => {
  const tag = /:([^:/@]+)(?:@.*)?$/.exec(image)?.[1];
  return [(tag === undefined || tag === "latest") && `image ${image}`];
});

export const referencesExist: ComposeRule = {
  name: "refers to services and volumes that there are",
  violations: (project) =>
    project.services.flatMap(({ name, definition }) => [
      ...Object.keys(recordAt(definition, "depends_on")).filter(
        (other) => project.named(other) === undefined,
      ),
      ...listAt(definition, "volumes")
        .filter((mount) => at(mount, "type") === "volume")
        .map((mount) => `${name}: ${at(mount, "source")}`)
        .filter((line) => !project.volumes.includes(line.slice(name.length + 2))),
    ]),
};

/** Root, without capabilities, where the image has no folder that anybody else could write to. */
const ROOT_ALLOWED = /^nats:/;

export const containersAreConfined = serviceRule(
  "runs without capabilities, new privileges and writable files, and not as root",
  ({ definition, image }) => [
    at(definition, "read_only") !== true && "read_only",
    !listAt(definition, "cap_drop").includes("ALL") && "cap_drop",
    listAt(definition, "cap_add").length > 0 && "cap_add",
    !listAt(definition, "security_opt").includes("no-new-privileges:true") && "security_opt",
    ["privileged", "network_mode", "pid", "ipc"].find((field) => at(definition, field) !== undefined) ??
      false,
    /^(?:0|root)\b/.test(String(at(definition, "user"))) && !ROOT_ALLOWED.test(image) && "user",
  ],
);

export const servicesAreWatched = serviceRule(
  "keeps services running and asks them how they are; waits for tasks to end well",
  ({ name, definition, isTask }, project) =>
    isTask
      ? [
          at(definition, "healthcheck", "disable") !== true && "healthcheck",
          !project.services.some(
            (other) =>
              at(other.definition, "depends_on", name, "condition") === "service_completed_successfully",
          ) && "nobody waits for it",
        ]
      : [
          at(definition, "restart") !== "unless-stopped" && "restart",
          listAt(definition, "healthcheck", "test").length < 2 && "healthcheck",
        ],
);

export const resourcesAreBounded = serviceRule("limits CPU, memory and logs", (service) => {
  const { definition, memoryBytes } = service;
  return [
    !(Number(at(definition, "deploy", "resources", "limits", "cpus")) > 0) && "cpus",
    !(memoryBytes > 0) && "memory",
    at(definition, "logging", "options", "max-size") === undefined && "logging",
  ];
});

export const portsStayLocal = serviceRule("opens ports to this machine alone", ({ definition }) =>
  listAt(definition, "ports").map(
    (port) => at(port, "host_ip") !== "127.0.0.1" && `port ${at(port, "target")}`,
  ),
);

export const passwordsAgree: ComposeRule = {
  name: "gives programs the passwords that the NATS servers compare with",
  violations: ({ services, natsServers }) =>
    services
      .filter(({ program }) => program !== undefined)
      .flatMap(({ name, environment }) => {
        const variable = `NATS_${environment["TIDEGATE_NATS_USER"]?.toUpperCase()}_PASSWORD`;
        const password = environment["TIDEGATE_NATS_PASSWORD"];
        return natsServers
          .filter((server) => password === undefined || server.environment[variable] !== password)
          .map((server) => `${name}: ${server.name} has another password`);
      }),
};

export const natsServersDiffer: ComposeRule = {
  name: "has three NATS servers, each with a name and a volume of its own, and passwords for all users",
  violations: (project) => {
    const { natsServers } = project;
    const asked = [...project.file("../nats/accounts.conf").matchAll(/\$(NATS_\w+)/g)].map(
      ([, name = ""]) => name,
    );
    const volumes = natsServers.map(({ definition }) =>
      String(
        at(
          listAt(definition, "volumes").find((one) => at(one, "target") === "/data"),
          "source",
        ),
      ),
    );
    return [
      natsServers.length !== 3 && "three",
      natsServers.some(({ name, environment }) => environment["NATS_NAME"] !== name) && "NATS_NAME",
      new Set(volumes).size !== natsServers.length && "volumes",
      ...natsServers.flatMap(({ name, environment }) =>
        asked.filter((variable) => !environment[variable]).map((variable) => `${name}: ${variable}`),
      ),
    ].filter((problem) => problem !== false);
  },
};

export const oneImage = (version: string): ComposeRule =>
  serviceRule("runs programs from the image of this version, built by the Dockerfile", (service) => {
    const { program, image, definition } = service;
    if (program === undefined) return [];
    const build = recordAt(definition, "build");
    return [
      image !== `tidegate:${version}` && `image ${image}`,
      !textAt(build, "dockerfile").endsWith("deploy/docker/Dockerfile") && "build",
    ];
  });
