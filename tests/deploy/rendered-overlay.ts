import { readdirSync } from "node:fs";
import { join } from "node:path";
import { readEnvironment, runCommand } from "@tidegate/testkit";
import { type GoProgram, locateGoProgram } from "./go-program.ts";
import { type Manifest, parseManifests } from "./manifest.ts";

const KUSTOMIZE: GoProgram = {
  name: "kustomize",
  package: "sigs.k8s.io/kustomize/kustomize/v5",
  version: "v5.8.1",
  takes: "half a minute",
};
const RENDER_TIMEOUT_MS = 60_000;

export const KUBERNETES = join(import.meta.dirname, "../../deploy/kubernetes");
/** Who may do what in NATS; containers without Kubernetes have the same. */
export const ACCOUNTS = join(KUBERNETES, "../nats/accounts.conf");
export const OVERLAYS: readonly string[] = readdirSync(join(KUBERNETES, "overlays")).sort();

export interface RenderedOverlay {
  readonly overlay: string;
  /** As it would be applied. */
  readonly text: string;
  readonly manifests: readonly Manifest[];
}

/** Renders all overlays with kustomize itself, which is built first if need be. */
export async function renderOverlays(): Promise<readonly RenderedOverlay[]> {
  const render = await openKustomize();
  return await Promise.all(
    OVERLAYS.map(async (overlay) => {
      const text = await render(join(KUBERNETES, "overlays", overlay));
      return { overlay, text, manifests: parseManifests(text) };
    }),
  );
}

/** What kustomize makes of a folder. @throws TestkitError with what it says is wrong. */
export async function openKustomize(): Promise<(folder: string) => Promise<string>> {
  const kustomize = await locateGoProgram(KUSTOMIZE);
  return async (folder) =>
    await runCommand(kustomize, ["build", folder], {
      env: readEnvironment(),
      timeoutMs: RENDER_TIMEOUT_MS,
    });
}
