import { describe, expect, it } from "vitest";
import { ClosingOrder } from "./closing-order.ts";

describe("ClosingOrder", () => {
  it("closes in reverse, one after the other, and once", async () => {
    const order = new ClosingOrder();
    const closed: string[] = [];
    order.add(() => {
      closed.push("first");
    });
    order.add(async () => {
      await Promise.resolve();
      closed.push("second");
    });
    await order.close();
    await order.close();
    expect(closed).toStrictEqual(["second", "first"]);
  });

  it("closes the rest when one fails, and throws the first failure then", async () => {
    const order = new ClosingOrder();
    const closed: string[] = [];
    order.add(() => {
      closed.push("first");
    });
    order.add(() => {
      throw new Error("second");
    });
    order.add(() => Promise.reject(new Error("third")));
    await expect(order.close()).rejects.toThrow("third");
    expect(closed).toStrictEqual(["first"]);
  });
});
