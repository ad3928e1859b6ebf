import { describe, expect, test } from "vitest";
import { RuntimeError } from "../runtime-error.ts";
import { startFailure } from "./start-failure.ts";

describe("startFailure", () => {
  test("tells a known error by its code and words", () => {
    const cause = Object.assign(new Error("listen EADDRINUSE: address already in use"), {
      code: "EADDRINUSE",
    });
    expect(startFailure(new RuntimeError("listen_failed", "port 80 is taken", { cause }))).toEqual({
      fields: { code: "listen_failed" },
      message: "listen_failed: port 80 is taken: listen EADDRINUSE: address already in use",
    });
  });

  test("does not repeat a cause that was quoted, and ends on one that is its own", () => {
    const error: Error & { code?: string } = new Error("E: why", { cause: new Error("why") });
    error.code = "E";
    expect(startFailure(error).message).toBe("E: why");
    error.cause = error;
    expect(startFailure(error).message).toBe("E: why");
  });

  test.each([[new TypeError("bug")], [Object.assign(new Error("odd"), { code: 5 })]])(
    "tells any other with its stack",
    (error) => {
      const { fields, message } = startFailure(error);
      expect(message).toBe(error.message);
      expect(fields).toMatchObject({ err: { type: error.name, stack: expect.any(String) } });
    },
  );

  test("tells what is no error", () => {
    expect(startFailure("just text")).toMatchObject({ message: "just text" });
  });
});
