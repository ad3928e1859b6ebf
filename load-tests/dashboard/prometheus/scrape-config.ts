import { fileURLToPath } from "node:url";
import { parse } from "yaml";

const RULES = fileURLToPath(new URL("../../../deploy/prometheus/rules/*.yaml", import.meta.url));

/** A process and what it is called: the same after a restart. */
export interface ScrapeTarget {
  readonly job: string;
  readonly instance: string;
  readonly port: number;
}

export interface ScrapePlan {
  /** Between two looks, and between two evaluations of the rules. Seconds. */
  readonly everySeconds: number;
  readonly namespace: string;
  readonly targets: readonly ScrapeTarget[];
}

/**
 * The configuration that operators are shown, with targets of this machine in the place of theirs, looked at more often.
 *
 * @param shown the text of `deploy/prometheus/prometheus.yaml`.
 * @throws TypeError if one of the targets is of a job of ours that is not in it: rules would not find it.
 */
export function scrapeConfig({ everySeconds, namespace, targets }: ScrapePlan, shown: string): string {
  const { scrape_configs: jobs } = parse(shown) as {
    readonly scrape_configs: readonly { readonly job_name: string }[];
  };
  const names = jobs.map(({ job_name: name }) => name);
  const stray = targets.find(({ job }) => job.startsWith("tidegate-") && !names.includes(job));
  if (stray !== undefined) throw new TypeError(`there is no job ${stray.job}`);
  const all = new Set([...names, ...targets.map(({ job }) => job)]);
  // JSON is YAML.
  return JSON.stringify({
    global: { scrape_interval: `${everySeconds}s`, evaluation_interval: `${everySeconds}s` },
    rule_files: [RULES],
    scrape_configs: [...all].map((job) => ({
      job_name: job,
      static_configs: targets
        .filter((target) => target.job === job)
        .map(({ instance, port }) => ({
          targets: [`127.0.0.1:${port}`],
          labels: { instance, namespace },
        })),
    })),
  });
}
