import { expect, it } from "vitest";
import type { Disablement, Lock } from "./endpoint.ts";
import { obstacleOf } from "./obstacle.ts";

const disabled: Disablement = { reason: "gone", at: 0 };
const locked: Lock = { sealed: "v1.a.AAAA", reason: "key_missing", keyId: "a" };

it.each([
  [{ paused: false }, undefined],
  [{ paused: false, locked }, "locked"],
  [{ paused: true }, "paused"],
  [{ paused: true, locked }, "paused"],
  [{ paused: false, locked, disabled }, "disabled"],
  [{ paused: true, locked, disabled }, "disabled"],
])("the obstacle of %j is %s", (endpoint, obstacle) => {
  expect(obstacleOf(endpoint)).toBe(obstacle);
});
