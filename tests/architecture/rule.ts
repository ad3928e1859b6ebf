import type { SourceTree } from "./source-tree.ts";

/** A rule of the house. */
export interface Rule {
  /** Completes "the repository …". */
  readonly name: string;
  /** One sentence per violation, beginning with where it is. Empty: the rule is kept. */
  readonly violations: (tree: SourceTree) => readonly string[];
}
