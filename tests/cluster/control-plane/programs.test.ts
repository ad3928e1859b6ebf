import { expect, it } from "vitest";
import { stagingModules } from "./programs.ts";

it("takes the modules that Kubernetes has in folders of its own from where they are published", () => {
  const goMod = `
require (
	k8s.io/api v0.0.0
	k8s.io/klog/v2 v2.140.0
)

replace (
	k8s.io/api => ./staging/src/k8s.io/api
	example.com/fork => example.com/other v1.0.0
)
`;
  expect(stagingModules(goMod)).toStrictEqual(["k8s.io/api => k8s.io/api v0.36.3"]);
});
