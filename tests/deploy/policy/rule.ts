import type { Cluster } from "./cluster.ts";

/** Something that must hold for every overlay, and that no schema says. */
export interface Rule {
  readonly name: string;
  /** A line for each place where it does not hold. */
  violations(cluster: Cluster): readonly string[];
}
