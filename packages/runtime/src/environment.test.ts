import { afterEach, describe, expect, test } from "vitest";
import { readEnvironment } from "./environment.ts";

const NAME = "RUNTIME_ENVIRONMENT_TEST";

describe("readEnvironment", () => {
  afterEach(() => {
    delete process.env[NAME];
  });

  test("sees what is set and keeps it when the process changes its mind", () => {
    process.env[NAME] = "before";
    const environment = readEnvironment();
    process.env[NAME] = "after";
    expect(environment[NAME]).toBe("before");
    expect(readEnvironment()[NAME]).toBe("after");
  });

  test("is frozen", () => {
    expect(Object.isFrozen(readEnvironment())).toBe(true);
  });

  test("finds nothing under the names every object has", () => {
    expect(readEnvironment()["constructor"]).toBeUndefined();
    expect(readEnvironment()["toString"]).toBeUndefined();
  });
});
