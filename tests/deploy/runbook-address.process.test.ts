import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { KUBERNETES, openKustomize } from "./rendered-overlay.ts";
import { readRules } from "./rule-file.ts";

/** Where kustomize is not in the cache, it is built first. */
const INSTALL_TIMEOUT_MS = 15 * 60_000;

it("one line of the overlay says where all alerts send whoever is called", {
  timeout: INSTALL_TIMEOUT_MS,
}, async () => {
  const directory = mkdtempSync(join(tmpdir(), "tidegate-runbooks-"));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  cpSync(join(KUBERNETES, ".."), directory, { recursive: true });
  const overlay = join(directory, "kubernetes/overlays/production");
  const file = join(overlay, "kustomization.yaml");
  const address = "https://example.com/tidegate/docs/operations.md";
  const text = readFileSync(file, "utf8");
  expect(text.split(address)).toHaveLength(2);
  writeFileSync(file, text.replace(address, "https://wiki.example.org/runbooks"));
  const rendered = await (await openKustomize())(overlay);
  const alerts = readRules().filter(({ kind }) => kind === "alert");
  expect([...rendered.matchAll(/runbook_url: (\S+)/g)].map(([, url]) => url).sort()).toStrictEqual(
    alerts.map(({ name }) => `https://wiki.example.org/runbooks#${name.toLowerCase()}`).sort(),
  );
  // It is read, and not applied.
  expect(rendered).not.toContain("tidegate-runbooks");
});
