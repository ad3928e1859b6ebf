import type { Manifest } from "../deploy/manifest.ts";
import type { RenderedOverlay } from "../deploy/rendered-overlay.ts";
import { checkOverlay } from "./check-overlay.ts";
import type { ClusterOptions } from "./cluster-arguments.ts";
import { type Finding, findingLine } from "./finding.ts";
import { MISTAKES, type Mistake } from "./mistake.ts";
import type { Trial } from "./trial.ts";

/** Something to try in a cluster that has nothing else in it. */
interface ClusterRun {
  readonly title: string;
  readonly manifests: readonly Manifest[];
  /** Prints what was found. True if that is as it should be. */
  readonly run: (trial: Trial, print: (line: string) => void) => Promise<boolean>;
}

/** What the options ask for. */
export function clusterRuns(
  { overlays, mistakes }: ClusterOptions,
  rendered: readonly RenderedOverlay[],
): readonly ClusterRun[] {
  if (mistakes) return mistakeRuns(named(rendered, "production"));
  return overlays.map((overlay) => overlayRun(named(rendered, overlay)));
}

function overlayRun({ overlay, manifests }: RenderedOverlay): ClusterRun {
  return {
    title: overlay,
    manifests,
    run: async (trial, print) => {
      let kept = true;
      for await (const finding of checkOverlay(trial)) {
        print(findingLine(overlay, finding));
        kept &&= finding.kept;
      }
      return kept;
    },
  };
}

function mistakeRuns({ manifests }: RenderedOverlay): readonly ClusterRun[] {
  return MISTAKES.map((mistake) => ({
    title: `production with ${mistake.name}`,
    manifests: mistake.make(manifests),
    run: async (trial, print) => {
      const { found, line } = await tryMistake(trial, mistake);
      print(line);
      return found;
    },
  }));
}

async function tryMistake(
  trial: Trial,
  { name, breaks }: Mistake,
): Promise<{ readonly found: boolean; readonly line: string }> {
  const broken: Finding[] = [];
  for await (const finding of checkOverlay(trial)) {
    if (finding.kept) continue;
    if (finding.promise === breaks) return { found: true, line: `found ${name}: ${describe(finding)}` };
    broken.push(finding);
  }
  return { found: false, line: `MISSED ${name}; instead: ${broken.map(describe).join("; ") || "nothing"}` };
}

function describe({ subject, promise, seen }: Finding): string {
  return `not so: ${subject} ${promise}: ${seen}`;
}

function named(rendered: readonly RenderedOverlay[], overlay: string): RenderedOverlay {
  const found = rendered.find((one) => one.overlay === overlay);
  if (found === undefined) throw new TypeError(`there is no overlay ${overlay}`);
  return found;
}
