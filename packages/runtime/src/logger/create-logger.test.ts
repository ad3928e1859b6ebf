import { describe, expect, test } from "vitest";
import { createLogger, type LOG_LEVELS, type Logger, type LoggerOptions } from "./create-logger.ts";

const JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJtZSJ9.c2lnbmF0dXJl";

function capture(options: Partial<LoggerOptions> = {}): {
  logger: Logger;
  lines: string[];
  last: () => unknown;
} {
  const lines: string[] = [];
  const destination = { write: (line: string) => void lines.push(line) };
  const logger = createLogger({ name: "test", level: "info", destination, ...options });
  return { logger, lines, last: () => JSON.parse(lines.at(-1) ?? "null") };
}

describe("createLogger", () => {
  test("writes JSON lines with time, level, name and fields", () => {
    const { logger, lines, last } = capture();
    logger.warn({ channel: "chat.lobby" }, "slow");
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/\n$/);
    expect(last()).toEqual({
      level: "warn",
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      name: "test",
      pid: process.pid,
      channel: "chat.lobby",
      msg: "slow",
    });
  });

  test("says nothing below its level", () => {
    const { logger, lines } = capture({ level: "error" });
    logger.warn("quiet");
    logger.error("loud");
    expect(lines).toHaveLength(1);
    const silent = capture({ level: "silent" });
    silent.logger.fatal("nothing");
    expect(silent.lines).toEqual([]);
  });

  test("refuses a level there is not", () => {
    const level: string = "verbose";
    const isLevel = (word: string): word is (typeof LOG_LEVELS)[number] => word === level;
    if (!isLevel(level)) expect.unreachable();
    expect(() => createLogger({ name: "test", level })).toThrow(
      /silent, fatal, error, warn, info, debug, trace.*"verbose"/,
    );
  });

  test.each([
    "token",
    "authorization",
    "cookie",
    "set-cookie",
    "password",
    "secret",
    "access_token",
    "payload",
  ])("hides %s in the fields, one level below, and in child loggers", (field) => {
    const { logger, lines } = capture();
    logger.info({ [field]: "hunter2", headers: { [field]: ["hunter2"], kept: 1 } });
    logger.child({ [field]: "hunter2" }).info("child");
    logger.child({ request: { [field]: { deep: "hunter2" } } }).info("child");
    expect(lines.join("")).not.toContain("hunter2");
    expect(lines[0]).toContain('"kept":1');
  });

  test("does not change what it hides for the caller", () => {
    const fields = { token: "t", headers: { cookie: "c" } };
    capture().logger.info(fields);
    expect(fields).toEqual({ token: "t", headers: { cookie: "c" } });
  });

  test("finds tokens and credentials wherever they hide", () => {
    const { logger, lines } = capture();
    logger.info({ a: { b: { c: `Bearer ${JWT}` } }, url: "nats://me:hunter2@host" }, `refused ${JWT}`);
    logger.error(new Error(`cannot reach https://me:hunter2@host/?access_token=hunter2 with ${JWT}`));
    expect(lines.join("")).not.toMatch(/hunter2|c2lnbmF0dXJl/);
  });

  test.each(["err", "error", "reason"])("reduces an error under %s to what may be seen", (field) => {
    const { logger, last } = capture();
    const cause = Object.assign(new Error("refused"), { code: "ECONNREFUSED" });
    logger.error(
      { [field]: Object.assign(new Error("no server", { cause }), { request: { body: "hunter2" } }) },
      "failed",
    );
    expect(last()).toMatchObject({
      [field]: { type: "Error", message: "no server", cause: { code: "ECONNREFUSED" } },
      msg: "failed",
    });
    expect(JSON.stringify(last())).not.toContain("hunter2");
  });

  test("reduces an error that is bound to a child logger, or logged alone", () => {
    const { logger, lines } = capture();
    const error = Object.assign(new Error("alone"), { request: "hunter2" });
    logger.child({ err: error }).info("bound");
    logger.error(error);
    expect(lines.join("")).not.toContain("hunter2");
    expect(lines.every((line) => line.includes('"message":"alone"'))).toBe(true);
  });

  test("leaves fields named like errors alone when they are none", () => {
    const { logger, last } = capture();
    logger.info({ error: "not_found" });
    expect(last()).toMatchObject({ error: "not_found" });
  });
});

describe("a pretty logger", () => {
  test("writes for people, and hides as much", () => {
    const { logger, lines } = capture({ pretty: true });
    logger.info({ channel: "chat.lobby", count: 2, note: "two words", token: "hunter2" }, `hello ${JWT}`);
    expect(lines.join("")).toMatch(
      /^\d\d:\d\d:\d\d\.\d{3} INFO {2}test: hello \[hidden\] channel=chat\.lobby count=2 note="two words" token="\[hidden\]"\n$/,
    );
  });

  test("writes errors with their stack and causes below the line", () => {
    const { logger, lines } = capture({ pretty: true });
    logger.error(new Error("outer", { cause: new TypeError("inner") }), "failed");
    const [head, ...rest] = lines.join("").split("\n");
    expect(head).toMatch(/ERROR test: failed$/);
    expect(rest[0]).toBe("    Error: outer");
    expect(rest).toContain("    caused by");
    expect(rest).toContain("    TypeError: inner");
  });
});
