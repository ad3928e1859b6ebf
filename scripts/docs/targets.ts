import { protocolSections } from "./protocol-sections.ts";

/** A document with generated sections. */
export interface DocumentTarget {
  /** From the root of the repository. */
  readonly path: string;
  /** Markdown by section name. */
  readonly sections: () => ReadonlyMap<string, string>;
}

export const TARGETS: readonly DocumentTarget[] = [
  { path: "packages/protocol/PROTOCOL.md", sections: protocolSections },
];
