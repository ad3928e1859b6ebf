import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";

const ROOT = join(import.meta.dirname, "../..");
const FOLDERS = ["", "docs", "deploy", "load-tests", "packages/protocol"];
const FENCE = /^```[\s\S]*?^```/gm;

/** A Markdown file that people read. */
export interface Document {
  /** From the root of the repository. */
  readonly path: string;
  readonly text: string;
}

export function readDocuments(): readonly Document[] {
  const paths = FOLDERS.flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: folder !== "", encoding: "utf8" })
      .filter((path) => path.endsWith(".md"))
      .map((path) => join(folder, path)),
  );
  return paths.map((path) => ({ path, text: readFileSync(join(ROOT, path), "utf8") }));
}

/** What stands between backticks in a line. */
export function codeIn({ text }: Document): readonly string[] {
  return [...text.replace(FENCE, "").matchAll(/`([^`\n]+)`/g)].map(([, code = ""]) => code);
}

/** Where links lead within the repository, from its root, with what follows the `#`. */
export function linksIn({
  path,
  text,
}: Document): readonly { readonly to: string; readonly anchor: string }[] {
  const targets = [...text.replace(FENCE, "").matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = ""]) => target);
  return targets
    .filter((target) => !/^[a-z]+:/.test(target))
    .map((target) => {
      const [file = "", anchor = ""] = target.split("#");
      const to = file === "" ? path : relative(ROOT, join(ROOT, dirname(path), file));
      return { to, anchor };
    });
}

/** What GitHub makes of the headings. */
export function anchorsOf({ text }: Document): ReadonlySet<string> {
  const headings = [...text.replace(FENCE, "").matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) => heading);
  return new Set(
    headings.map((heading) =>
      heading
        .toLowerCase()
        .replace(/[^\p{L}\p{N} _-]/gu, "")
        .replaceAll(" ", "-"),
    ),
  );
}
