import { expect, it } from "vitest";
import { PROMISES } from "./finding.ts";
import { MISTAKES } from "./mistake.ts";

it("there is a mistake for each promise", () => {
  // Where a scheduler that packs puts the last pods of a rollout is up to chance without constraints.
  const left = PROMISES.filter((promise) => promise !== "is spread anew");
  expect(new Set(MISTAKES.map(({ breaks }) => breaks))).toStrictEqual(new Set(left));
});

it("a mistake changes what it is about, and nothing else", () => {
  const other = { kind: "Service", metadata: { name: "tidegate-hooks" }, spec: { selector: {} } };
  const service = { kind: "Service", metadata: { name: "tidegate-gateway" }, spec: { selector: { a: "b" } } };
  const mistake = MISTAKES.find(({ breaks }) => breaks === "is reached");
  expect(mistake?.make([other, service])).toStrictEqual([
    other,
    { ...service, spec: { selector: { a: "b", "app.kubernetes.io/component": "gateways" } } },
  ]);
});

it("a mistake that cannot be made any more says so", () => {
  for (const { make, breaks } of MISTAKES) {
    if (breaks === "is warned of nothing") continue;
    expect(() => make([])).toThrow("there is no");
  }
});
