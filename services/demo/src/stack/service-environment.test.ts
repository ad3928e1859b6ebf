import { expect, test } from "vitest";
import { serviceEnvironment } from "./service-environment.ts";

test("processes are quiet unless somebody wants to hear more", () => {
  expect(serviceEnvironment({}, false)["TIDEGATE_LOG_LEVEL"]).toBe("warn");
  expect(serviceEnvironment({}, true)["TIDEGATE_LOG_LEVEL"]).toBe("info");
  expect(serviceEnvironment({ TIDEGATE_LOG_LEVEL: "debug" }, false)["TIDEGATE_LOG_LEVEL"]).toBe("debug");
});

test("what only the testkit knows is withheld, the rest passed on", () => {
  const passed = serviceEnvironment(
    { TIDEGATE_CACHE_DIR: "/x", PATH: "/bin", TIDEGATE_NODE_ZONE: "z" },
    false,
  );
  expect(passed["TIDEGATE_CACHE_DIR"]).toBeUndefined();
  expect(passed).toMatchObject({ PATH: "/bin", TIDEGATE_NODE_ZONE: "z" });
});
