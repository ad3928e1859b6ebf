import { type Metric, Registry } from "prom-client";
import { mergeFamilies, ofProcess } from "./merge-families.ts";
import type { FamilySnapshot } from "./metric-snapshot.ts";

/**
 * The metrics of several processes as one exposition.
 *
 * What a process had counted stays counted when it ends: a sum that fell would look to Prometheus like a restart, and everything
 * that the other processes ever counted would be counted a second time.
 */
export class MergedMetrics {
  readonly contentType: string = Registry.PROMETHEUS_CONTENT_TYPE;
  readonly #present = new Map<string, readonly FamilySnapshot[]>();
  /** Counters and histograms of processes that have ended. */
  #departed: readonly FamilySnapshot[] = [];

  /** Replaces what is known of a process. */
  update(process: string, families: readonly FamilySnapshot[]): void {
    this.#present.set(process, ofProcess(families, process));
  }

  /** A process has ended: its gauges go, what it counted remains. */
  forget(process: string): void {
    const counted = this.#present.get(process)?.filter(({ kind }) => kind !== "gauge") ?? [];
    this.#present.delete(process);
    this.#departed = mergeFamilies([this.#departed, counted]);
  }

  /** In the Prometheus text format. */
  async text(): Promise<string> {
    const registry = new Registry();
    for (const { name, help, kind, samples } of mergeFamilies([...this.#present.values(), this.#departed])) {
      // All that a registry asks of a metric in order to write it.
      const written = { name, help, type: kind, values: samples };
      registry.registerMetric({ name, get: () => written } as unknown as Metric);
    }
    return await registry.metrics();
  }
}
