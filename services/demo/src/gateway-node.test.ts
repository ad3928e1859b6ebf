import { expect, test } from "vitest";
import { gatewayNodes } from "./gateway-node.ts";

test("numbers nodes and keeps of their addresses what all transports share", () => {
  expect(gatewayNodes(["http://127.0.0.1:4080", "https://gate.example.com/"])).toEqual([
    { name: "n1", url: "http://127.0.0.1:4080" },
    { name: "n2", url: "https://gate.example.com" },
  ]);
});

test.each(["127.0.0.1:4080", "ws://127.0.0.1:4080", "nonsense", ""])("refuses %j", (address) => {
  expect(() => gatewayNodes([address])).toThrow(TypeError);
});
