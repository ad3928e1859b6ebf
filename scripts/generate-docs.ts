import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { type DocumentTarget, renderDocument, TARGETS } from "./docs/targets.ts";

const USAGE = `Usage: node scripts/generate-docs.ts [--check]

Rewrites what is generated of the documents. With --check it writes nothing, names the documents
that are out of date, and exits with 1 if there are any.
`;

const ROOT = join(import.meta.dirname, "..");

const { check, help } = parseArgs({
  options: {
    check: { type: "boolean", default: false },
    help: { type: "boolean", short: "h", default: false },
  },
}).values;

if (help) {
  process.stdout.write(USAGE);
} else {
  const stale = TARGETS.flatMap((target) => {
    const { path } = target;
    const file = join(ROOT, path);
    const before = readFileSync(file, "utf8");
    const after = rendered(target, before);
    if (after !== before && !check) {
      writeFileSync(file, after);
    }
    return after === before ? [] : [path];
  });
  for (const path of stale) {
    process.stdout.write(check ? `${path} is out of date: run npm run docs\n` : `${path} is rewritten\n`);
  }
  process.exitCode = check && stale.length > 0 ? 1 : 0;
}

function rendered(target: DocumentTarget, text: string): string {
  try {
    return renderDocument(target, text);
  } catch (cause) {
    throw new Error(`${target.path} cannot be filled in`, { cause });
  }
}
