import { expect, test } from "vitest";
import {
  isAcceptedNatsVersion,
  minimumNatsVersion,
  parseNatsVersion,
  pinnedNatsVersion,
} from "./nats-server-version.ts";

test.each([
  ["nats-server: v2.15.2", "2.15.2"],
  ["nats-server: v2.12.0-RC.1\n", "2.12.0-RC.1"],
  ["2.10.29", "2.10.29"],
  ["nats-server version dev", undefined],
  ["", undefined],
])("%j says version %s", (text, version) => {
  expect(parseNatsVersion(text)).toBe(version);
});

test.each([
  ["2.15.2", true],
  ["2.12.0", true],
  ["2.12.0-RC.1", true],
  ["3.0.0", true],
  ["2.11.99", false],
  ["2.9.10", false],
  ["1.99.0", false],
])("whether %s is accepted: %s", (version, accepted) => {
  expect(isAcceptedNatsVersion(version)).toBe(accepted);
});

test("the pinned version is one that is accepted", () => {
  expect(isAcceptedNatsVersion(pinnedNatsVersion)).toBe(true);
  expect(isAcceptedNatsVersion(`${minimumNatsVersion}.0`)).toBe(true);
});
