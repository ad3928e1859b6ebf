import type { Rule } from "./rule.ts";

const MAX_LINES = 500;

/** Names that say nothing, so that anything may end up behind them. */
const DRAWERS = new Set(["common", "helper", "helpers", "misc", "util", "utils"]);
/** As the last word of a longer name they are no better; `common` may be a word of the subject. */
const DRAWER_ENDINGS = /-(?:helpers?|misc|utils?)$/;
const KEBAB_CASE = /^[a-z0-9]+(?:-[a-z0-9]+)*$/;

export const filesAreShort: Rule = {
  name: `has no source file over ${MAX_LINES} lines`,
  violations: ({ files }) =>
    files.filter(({ lines }) => lines > MAX_LINES).map(({ path, lines }) => `${path} has ${lines} lines`),
};

export const filesAreNamed: Rule = {
  name: "names files and folders in kebab-case, after what is in them",
  violations: ({ files }) =>
    files.flatMap(({ path }) => {
      // `x.test.ts` and `x.nats.test.ts` are named by `x`; a dot at the front belongs to a tool.
      const names = path.split("/").map((part) => part.replace(/(?<=.)\..*$/, ""));
      return names
        .filter((name) => DRAWERS.has(name) || DRAWER_ENDINGS.test(name) || !KEBAB_CASE.test(name))
        .map((name) => `${path}: "${name}" does not name what is in it in kebab-case`);
    }),
};
