import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fillSections } from "../../scripts/docs/generated-sections.ts";
import { renderDocument, TARGETS } from "../../scripts/docs/targets.ts";

const ROOT = join(import.meta.dirname, "../..");

function sections(...entries: readonly (readonly [string, string])[]): ReadonlyMap<string, string> {
  return new Map(entries);
}

const DOCUMENT = `# Title

<!-- generated:first -->
<!-- /generated:first -->

between

<!-- generated:second-one -->
old
<!-- /generated:second-one -->

after
`;

describe("fillSections", () => {
  it("replaces what stands between markers and nothing else", () => {
    expect(fillSections(DOCUMENT, sections(["first", "1\n"], ["second-one", "2 $& $1"]))).toBe(`# Title

<!-- generated:first -->

1

<!-- /generated:first -->

between

<!-- generated:second-one -->

2 $& $1

<!-- /generated:second-one -->

after
`);
  });

  it("changes nothing the second time", () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (first, second) => {
        const given = sections(["first", first], ["second-one", second]);
        const once = fillSections(DOCUMENT, given);
        expect(fillSections(once, given)).toBe(once);
      }),
    );
  });

  it.each([
    ["a section without a marker", "text\n", "there is no marker for first"],
    [
      "a marker without a section",
      "<!-- generated:other -->\n<!-- /generated:other -->",
      "no section is generated",
    ],
    ["a marker that is never closed", "<!-- generated:first -->\n", "is never closed"],
    ["a marker that was never opened", "<!-- /generated:first -->\n", "is out of place"],
    [
      "a section used twice",
      "<!-- generated:first -->\n<!-- /generated:first -->\n".repeat(2),
      "is out of place",
    ],
    [
      "a section within another",
      "<!-- generated:first -->\n<!-- generated:first -->\n<!-- /generated:first -->",
      "is out of place",
    ],
  ])("refuses %s", (_what, text, message) => {
    expect(() => fillSections(text, sections(["first", "1"]))).toThrow(message);
  });
});

describe("the documents", () => {
  it.each(TARGETS.map((target) => [target.path, target] as const))("%s is up to date", (path, target) => {
    const text = readFileSync(join(ROOT, path), "utf8");
    expect(renderDocument(target, text) === text, "run npm run docs").toBe(true);
  });

  it.each(TARGETS.map((target) => [target.path, target] as const))(
    "%s gets the same text every time, and some",
    (_path, target) => {
      const made = () => ("whole" in target ? [target.whole()] : [...target.sections().values()]);
      expect(made()).toStrictEqual(made());
      expect(made().every((text) => text.trim() !== "")).toBe(true);
    },
  );

  it("link only to headings and files that exist", () => {
    for (const { path } of TARGETS) {
      const text = readFileSync(join(ROOT, path), "utf8");
      const anchors = [...text.matchAll(/^#+ (.+)$/gm)].map(([, title = ""]) => `#${anchorOf(title)}`);
      for (const [, target = ""] of text.matchAll(/\]\(([^)]+)\)/g)) {
        if (target.startsWith("#")) {
          expect(anchors, path).toContain(target);
        } else {
          expect(
            () => readFileSync(join(ROOT, path, "..", target.replace(/#.*$/, ""))),
            target,
          ).not.toThrow();
        }
      }
    }
  });
});

/** How GitHub makes the anchor of a heading. */
function anchorOf(title: string): string {
  return title
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, "")
    .replaceAll(" ", "-");
}
