import type { Pod } from "../pod.ts";

export interface RolloutStrategy {
  readonly replicas: number;
  /** How many more there may be meanwhile. */
  readonly surge: number;
  readonly minReadyMs: number;
}

/** What was seen of a rollout, and what of it should not have been. */
export interface RolloutRecord {
  readonly replaced: number;
  readonly fewestReady: number;
  readonly mostAtOnce: number;
  readonly breaches: readonly string[];
}

/**
 * Holds the pods of a Deployment against the order that is promised: a new one first, and an old one only when that one has been ready
 * for as long as it takes to be called available. Shown every change of every pod, whichever version it is of.
 */
export class RolloutOrder {
  readonly #strategy: RolloutStrategy;
  readonly #oldVersion: string;
  readonly #pods = new Map<string, Pod>();
  readonly #left = new Set<string>();
  readonly #breaches = new Set<string>();
  #fewestReady: number;
  #mostAtOnce = 0;

  /** @param pods those before the rollout, all of one version. */
  constructor(strategy: RolloutStrategy, pods: readonly Pod[]) {
    this.#strategy = strategy;
    this.#oldVersion = pods[0]?.version ?? "";
    this.#fewestReady = strategy.replicas;
    for (const pod of pods) this.#pods.set(pod.name, pod);
  }

  /** @param now milliseconds since 1970. */
  changed(pod: Pod, now: number): void {
    this.#pods.set(pod.name, pod);
    if (pod.leaving) this.#leaves(pod, now);
    this.#count();
  }

  gone(pod: Pod, now: number): void {
    this.#pods.delete(pod.name);
    this.#leaves(pod, now);
    this.#count();
  }

  get record(): RolloutRecord {
    return {
      replaced: this.#left.size,
      fewestReady: this.#fewestReady,
      mostAtOnce: this.#mostAtOnce,
      breaches: [...this.#breaches],
    };
  }

  #leaves(pod: Pod, now: number): void {
    if (pod.version !== this.#oldVersion || this.#left.has(pod.name)) return;
    this.#left.add(pod.name);
    const { minReadyMs } = this.#strategy;
    const available = this.#staying.filter(
      ({ version, readySince }) =>
        version !== this.#oldVersion && readySince !== undefined && now - readySince >= minReadyMs,
    ).length;
    if (available < this.#left.size) {
      this.#breaches.add(
        `old pod ${this.#left.size} left when ${available} new ones had been ready for ${minReadyMs / 1000} s (set maxUnavailable: 0)`,
      );
    }
  }

  #count(): void {
    const { replicas, surge } = this.#strategy;
    const staying = this.#staying;
    const ready = staying.filter(({ readySince }) => readySince !== undefined).length;
    this.#fewestReady = Math.min(this.#fewestReady, ready);
    this.#mostAtOnce = Math.max(this.#mostAtOnce, staying.length);
    if (ready < replicas)
      this.#breaches.add(`fewer than ${replicas} pods were ready (set maxUnavailable: 0)`);
    if (staying.length > replicas + surge) {
      this.#breaches.add(`more than ${replicas + surge} pods were there, which maxSurge does not allow`);
    }
  }

  get #staying(): readonly Pod[] {
    return [...this.#pods.values()].filter(({ leaving }) => !leaving);
  }
}
