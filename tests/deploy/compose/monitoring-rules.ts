import { dirname, matchesGlob, posix, relative } from "node:path";
import { parse } from "yaml";
import { at, listAt, type Manifest, textAt } from "../manifest.ts";
import { filesIn, PROMETHEUS } from "../rule-file.ts";
import type { ComposeProject, ComposeService } from "./compose-project.ts";
import { DOCKER } from "./compose-reader.ts";
import type { ComposeRule } from "./container-rules.ts";

const PROMETHEUS_CONFIG = "/etc/prometheus/prometheus.yaml";
const DATA_SOURCES = "/etc/grafana/provisioning/datasources";
const PROVIDERS = "/etc/grafana/provisioning/dashboards";
const DASHBOARD = "../grafana/tidegate.json";

/** What a service has bound from the repository: sources from `deploy/docker`. */
function binds(
  service: ComposeService | undefined,
): readonly { readonly source: string; readonly target: string }[] {
  return listAt(service?.definition, "volumes")
    .filter((mount) => at(mount, "type") === "bind")
    .map((mount) => ({ source: relative(DOCKER, textAt(mount, "source")), target: textAt(mount, "target") }));
}

/** The file of a folder that Grafana reads when it starts. */
function provisioned(project: ComposeProject, folder: string): Manifest | undefined {
  const grafana = project.named("grafana");
  const file = binds(grafana).find(({ target }) => dirname(target) === folder);
  return file === undefined ? undefined : parse(project.file(file.source));
}

export const rulesAreLoaded: ComposeRule = {
  name: "has Prometheus load the rules of deploy/prometheus, and call jobs as they do",
  violations: (project) => {
    const prometheus = project.named("prometheus");
    const config: unknown = parse(prometheus?.mounted(PROMETHEUS_CONFIG) ?? "");
    const patterns = listAt(config, "rule_files").map((one) =>
      posix.join(dirname(PROMETHEUS_CONFIG), String(one)),
    );
    const rules = binds(prometheus).find(({ source }) => source === "../prometheus/rules");
    const jobs = listAt(config, "scrape_configs").map((one) => textAt(one, "job_name"));
    const pattern: unknown = parse(project.file(relative(DOCKER, posix.join(PROMETHEUS, "prometheus.yaml"))));
    return [
      ...filesIn("rules").filter((file) => {
        const path = posix.join(rules?.target ?? "", posix.basename(file));
        return !patterns.some((one) => matchesGlob(path, one));
      }),
      ...listAt(pattern, "scrape_configs")
        .map((one) => textAt(one, "job_name"))
        .filter((job) => !jobs.includes(job)),
    ];
  },
};

export const dashboardIsFound: ComposeRule = {
  name: "has Grafana show the dashboard of deploy/grafana, and ask Prometheus as often as there is something new",
  violations: (project) => {
    const [provider] = listAt(provisioned(project, PROVIDERS), "providers");
    const dashboard = binds(project.named("grafana")).find(({ source }) => source === DASHBOARD);
    const [source] = listAt(provisioned(project, DATA_SOURCES), "datasources");
    const config: unknown = parse(project.file("prometheus.yaml"));
    return [
      (dashboard === undefined || dirname(dashboard.target) !== at(provider, "options", "path")) &&
        "the dashboard is not where the provider looks",
      // The dashboard takes whichever is the default, and range queries of rates go by the interval.
      (at(source, "type") !== "prometheus" || at(source, "isDefault") !== true) && "data source",
      at(source, "jsonData", "timeInterval") !== at(config, "global", "scrape_interval") && "timeInterval",
    ].filter((problem) => problem !== false);
  },
};
