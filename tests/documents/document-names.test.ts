import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { GATEWAY_SETTINGS } from "@tidegate/gateway";
import { describeSettings } from "@tidegate/runtime";
import { WEBHOOK_SERVICE_SETTINGS } from "@tidegate/webhooks";
import { describe, expect, it } from "vitest";
import { EXPORTED } from "../deploy/metric-uses.ts";
import { anchorsOf, codeIn, type Document, linksIn, readDocuments } from "./document.ts";

const ROOT = join(import.meta.dirname, "../..");
/** Of all namespaces; documents leave it out. */
const NAMESPACE = "namespaces.<name>.";
const PROTOCOL = "packages/protocol/PROTOCOL.md";
/** Grants, which are named like settings. */
const NO_SETTINGS: ReadonlySet<string> = new Set(["webhooks.read", "webhooks.write", "webhooks.replay"]);
const FILE = /\.(?:yaml|md|ts|conf|json)$/;

const reference = [GATEWAY_SETTINGS, WEBHOOK_SERVICE_SETTINGS].map(describeSettings).join("\n");
const settings = new Set([...reference.matchAll(/^\| `([^`]+)`/gm)].map(([, path = ""]) => path));
const variables = new Set([...reference.matchAll(/`([A-Z]+_[A-Z_]+)`/g)].map(([, name]) => name));
/** Those that programs of development and tests ask for, by name in their sources. */
const TOOLS = join(ROOT, "packages/testkit/src");
for (const file of readdirSync(TOOLS)) {
  for (const [, name = ""] of readFileSync(join(TOOLS, file), "utf8").matchAll(/"(TIDEGATE_[A-Z_]+)"/g)) {
    variables.add(name);
  }
}
const heads = new Set([...settings].map((path) => path.split(".")[0]).concat("history"));
const metrics = new Set(EXPORTED.map(({ name }) => name));
const scripts = (JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as { scripts: object }).scripts;

const documents = readDocuments();

/** Whether it is a setting, or the beginning of some. */
function isSetting(path: string): boolean {
  const whole = settings.has(path) || settings.has(`${NAMESPACE}${path}`);
  return whole || [...settings].some((one) => one.startsWith(`${path}.`));
}

function strangeSettings(document: Document): readonly string[] {
  // Its `limits.frame` is a field of a message.
  if (document.path === PROTOCOL) return [];
  return codeIn(document)
    .map((code) => code.replace(/:.*/, ""))
    .filter((code) => /^[a-z][A-Za-z]*(?:\.[A-Za-z<>[\]]+)+$/.test(code) && !FILE.test(code))
    .filter((code) => heads.has(code.split(".")[0]) && !NO_SETTINGS.has(code) && !isSetting(code));
}

function strangeVariables({ text }: Document): readonly string[] {
  return [...text.matchAll(/\bTIDEGATE_[A-Z_]*[A-Z]\b/g)]
    .map(([name]) => name)
    .filter((name) => name !== "TIDEGATE_CONFIG" && !variables.has(name));
}

function strangeMetrics(document: Document): readonly string[] {
  return codeIn(document)
    .flatMap((code) => code.match(/^(?:tidegate|nodejs|process|supervisor)_[a-z0-9_]+/) ?? [])
    .filter((name) => !metrics.has(name.replace(/_(?:bucket|sum|count)$/, "")) && !metrics.has(name));
}

function strangeScripts({ text }: Document): readonly string[] {
  return [...text.matchAll(/\bnpm run ([a-z][a-z:-]*)/g)]
    .map(([, name = ""]) => name)
    .filter((name) => !Object.hasOwn(scripts, name));
}

function brokenLinks(document: Document): readonly string[] {
  return linksIn(document).flatMap(({ to, anchor }) => {
    const target = documents.find(({ path }) => path === to);
    const found = target === undefined ? anchor === "" && existsSync(join(ROOT, to)) : true;
    const reached = anchor === "" || (target !== undefined && anchorsOf(target).has(anchor));
    return found && reached ? [] : [`${to}#${anchor}`];
  });
}

describe.each([
  ["settings", strangeSettings],
  ["variables", strangeVariables],
  ["metrics", strangeMetrics],
  ["npm scripts", strangeScripts],
  ["files and headings", brokenLinks],
] as const)("the %s that documents name", (_kind, strange) => {
  it("exist", () => {
    expect(
      documents.flatMap((document) => strange(document).map((name) => `${document.path}: ${name}`)),
    ).toStrictEqual([]);
  });

  it("would be missed", () => {
    const text = "`limits.conections` TIDEGATE_MODES `tidegate_conections` `npm run sok` [a](#b)";
    expect(strange({ path: "docs/x.md", text })).toHaveLength(1);
  });
});
