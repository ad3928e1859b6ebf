/** Says what a `.dockerignore` leaves out of a build, by path from its root, with slashes. */
export class IgnoredPaths {
  readonly #rules: readonly { readonly pattern: string; readonly regexp: RegExp; readonly keeps: boolean }[];

  constructor(text: string) {
    this.#rules = text
      .split("\n")
      .map((line) => line.trim())
      .filter((line) => line !== "" && !line.startsWith("#"))
      .map((line) => {
        const keeps = line.startsWith("!");
        const pattern = line.replace(/^!/, "").replace(/^\/|\/$/g, "");
        return { pattern, regexp: regexpOf(pattern), keeps };
      });
  }

  /** The last rule that matches the path, or a folder that it is in, decides. */
  has(path: string): boolean {
    return this.#rules.findLast(({ regexp }) => regexp.test(path))?.keeps === false;
  }

  /** Whether nothing in this folder can be part of a build. */
  hasAllOf(folder: string): boolean {
    return (
      this.has(folder) &&
      !this.#rules.some(({ pattern, keeps }) => keeps && `${pattern}/`.startsWith(`${folder}/`))
    );
  }
}

/** Matches what the pattern names, and everything in it. */
function regexpOf(pattern: string): RegExp {
  const source = pattern
    .split("/")
    .map((part) =>
      part === "**" ? part : part.replaceAll(/[.+^${}()|[\]\\]/g, "\\$&").replaceAll("*", "[^/]*"),
    )
    .join("/")
    .replaceAll("**/", "(?:.*/)?");
  return new RegExp(`^${source}(?:/.*)?$`);
}
