import { parseArgs } from "node:util";
import { type ParsedArguments, parseArguments } from "../../load-tests/parsed-arguments.ts";
import { OVERLAYS } from "../deploy/rendered-overlay.ts";

export interface ClusterOptions {
  readonly overlays: readonly string[];
  /** Try mistakes instead of overlays as they are. */
  readonly mistakes: boolean;
}

export const CLUSTER_USAGE = `Usage: npm run check:cluster -- [options]

Applies each overlay of deploy/kubernetes to a real control plane on loopback, whose nodes run no containers, and prints a line for
each promise: kept (ok) or not (FAIL), with what was seen. Exits with 1 if any was not.

  --overlay NAME  only this one; repeat for more (${OVERLAYS.join(", ")})
  --mistakes      make mistakes in the manifests of production instead, and see each of them found
  --help, -h      print this and exit
`;

export function parseClusterArguments(argv: readonly string[]): ParsedArguments<ClusterOptions> {
  return parseArguments(
    () => read(argv),
    ({ values: { overlay, mistakes } }, reader) => ({
      overlays: reader.chosen("overlay", overlay, OVERLAYS),
      mistakes,
    }),
  );
}

function read(argv: readonly string[]) {
  return parseArgs({
    args: [...argv],
    allowPositionals: false,
    options: {
      overlay: { type: "string", multiple: true, default: [] },
      mistakes: { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
  });
}
