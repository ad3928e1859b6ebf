import { describe, expect, test } from "vitest";
import { serializeError } from "./serialize-error.ts";

describe("serializeError", () => {
  test("keeps type, message, code, stack and causes, and nothing a library hung on the error", () => {
    const inner = Object.assign(new TypeError("inner"), {
      code: "ECONNREFUSED",
      request: { headers: { cookie: "x" } },
    });
    const outer = Object.assign(new Error("outer", { cause: inner }), { code: 7, payload: "secret" });
    expect(serializeError(outer)).toEqual({
      type: "Error",
      message: "outer",
      code: 7,
      stack: expect.stringContaining("outer"),
      cause: { type: "TypeError", message: "inner", code: "ECONNREFUSED", stack: expect.any(String) },
    });
  });

  test("keeps the members of an AggregateError", () => {
    const { errors } = serializeError(new AggregateError([new Error("a"), "b"], "both"));
    expect(errors?.map(({ message }) => message)).toEqual(["a", "b"]);
  });

  test("ends on an error that is its own cause", () => {
    const error = new Error("loop");
    error.cause = error;
    expect(JSON.stringify(serializeError(error)).match(/"message":"loop"/g)).toHaveLength(6);
  });

  test.each([
    ["text", { type: "string", message: "text" }],
    [{ password: "x" }, { type: "object", message: "a thrown object" }],
    [undefined, { type: "undefined", message: "a thrown undefined" }],
  ])("tells of a thrown %j no more than it must", (thrown, serialized) => {
    expect(serializeError(thrown)).toEqual(serialized);
  });
});
