import { expect, test } from "vitest";
import { gatewayNodes } from "./gateway-node.ts";

test("numbers nodes and finds their WebSockets", () => {
  expect(gatewayNodes(["http://127.0.0.1:4080", "https://gate.example.com/"])).toEqual([
    { name: "n1", url: "ws://127.0.0.1:4080/v1/ws" },
    { name: "n2", url: "wss://gate.example.com/v1/ws" },
  ]);
});

test.each(["127.0.0.1:4080", "ws://127.0.0.1:4080", "nonsense", ""])("refuses %j", (address) => {
  expect(() => gatewayNodes([address])).toThrow(TypeError);
});
