import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { strict } from "./crd-schemas.ts";
import { openKubeconform, type Validate } from "./kubeconform.ts";
import { KUBERNETES_VERSIONS, selfContained } from "./kubernetes-schemas.ts";
import { type RenderedOverlay, renderOverlays } from "./rendered-overlay.ts";

/** Where nothing is in the cache, programs are built and schemas fetched first. */
const INSTALL_TIMEOUT_MS = 15 * 60_000;

let rendered: readonly RenderedOverlay[] = [];
let validate: Validate;
let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "tidegate-manifests-"));
  rendered = await renderOverlays();
  validate = await openKubeconform();
}, INSTALL_TIMEOUT_MS);

afterAll(() => rm(directory, { recursive: true, force: true }));

/** One run for all of them: most of the time goes into reading schemas. */
async function verdictOn(texts: readonly string[], version: string) {
  const file = join(directory, `${version}.yaml`);
  await writeFile(file, texts.join("\n---\n"));
  return await validate(file, version);
}

it.each(KUBERNETES_VERSIONS)("Kubernetes %s takes all overlays", async (version) => {
  const { valid, problems } = await verdictOn(
    rendered.map(({ text }) => text),
    version,
  );
  expect(problems).toStrictEqual([]);
  expect(valid).toBe(rendered.reduce((sum, { manifests }) => sum + manifests.length, 0));
  expect(valid).toBeGreaterThan(60);
});

const MISTAKES = [
  ["failureThreshold: 30", "failureTreshold: 30", "Deployment tidegate-gateway"],
  ["minReplicas: 3", "minReplicas: three", "HorizontalPodAutoscaler tidegate-gateway"],
  ["podMetricsEndpoints:", "podMetricEndpoints:", "PodMonitor tidegate-gateway"],
  ["secretStoreRef:", "secretStore:", "ExternalSecret nats-passwords"],
  ["pollingInterval:", "pollInterval:", "ScaledObject tidegate-gateway"],
  ["backendRequest: 0s", "backendRequest: never", "HTTPRoute tidegate-gateway"],
  ["policy/v1\n", "policy/v1beta1\n", "PodDisruptionBudget tidegate-gateway"],
] as const;

it("none of it would pass with a mistake", async () => {
  let text = rendered.map((overlay) => overlay.text).join("\n---\n");
  for (const [before, after] of MISTAKES) {
    expect(text).toContain(before);
    text = text.replaceAll(before, after);
  }
  const { problems } = await verdictOn([text], KUBERNETES_VERSIONS[0]);
  for (const [, , title] of MISTAKES) expect(problems.join("\n")).toContain(title);
});

it("objects whose fields are listed are closed, and the others open", () => {
  const open = { type: "object", properties: { a: { type: "string" } }, additionalProperties: true };
  const definition = {
    type: "object",
    description: "of people",
    properties: {
      open,
      port: { anyOf: [], "x-kubernetes-int-or-string": true },
      description: { type: "string" },
    },
  };
  expect(strict(definition)).toStrictEqual({
    type: "object",
    additionalProperties: false,
    properties: { open, port: { anyOf: [], type: ["integer", "string"] }, description: { type: "string" } },
  });
});

it("schemas bring the definitions that they need, and no others", () => {
  const definitions = {
    a: { properties: { self: { $ref: "#/$defs/a" }, b: { $ref: "#/$defs/b" } }, description: "of people" },
    b: { properties: { description: { type: "string" } } },
    c: {},
  };
  const schema = { $id: "somewhere", properties: { a: { $ref: "/api/_definitions.json#/$defs/a" } } };
  expect(selfContained(schema, definitions)).toStrictEqual({
    properties: { a: { $ref: "#/$defs/a" } },
    $defs: { a: { properties: { self: { $ref: "#/$defs/a" }, b: { $ref: "#/$defs/b" } } }, b: definitions.b },
  });
});
