import { expect, test } from "vitest";
import { parseGateways } from "./start-stack.ts";

test("reads where the nodes are", () => {
  expect(parseGateways('{"gateways":["http://a:1","http://b:2"],"nats":"nats://c"}')).toEqual([
    "http://a:1",
    "http://b:2",
  ]);
  expect(() => parseGateways('{"gateways":[]}')).toThrow("does not say where its nodes are");
});
