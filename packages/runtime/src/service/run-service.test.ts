import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { createLogger } from "../logger/create-logger.ts";
import { RuntimeError } from "../runtime-error.ts";
import type { ProcessEffects, ProcessEvent } from "./process-effects.ts";
import { type RunningService, runService } from "./run-service.ts";

const DEADLINE_MS = 1000;
const never = new Promise<never>(() => {});

/** A process that remembers what was done to it. */
class FakeProcess implements ProcessEffects {
  readonly listeners = new Map<ProcessEvent, (detail: unknown) => void>();
  readonly exits: number[] = [];

  on(event: ProcessEvent, listener: (detail: unknown) => void): void {
    expect(this.listeners.has(event)).toBe(false);
    this.listeners.set(event, listener);
  }

  off(event: ProcessEvent, listener: (detail: unknown) => void): void {
    expect(this.listeners.get(event)).toBe(listener);
    this.listeners.delete(event);
  }

  exit(code: number): void {
    this.exits.push(code);
  }

  emit(event: ProcessEvent, detail?: unknown): void {
    const listener = this.listeners.get(event);
    if (listener === undefined) expect.unreachable(`nobody listens to ${event}`);
    listener(detail);
  }
}

/** A service under test, with the lines it has logged. */
class Run {
  readonly fake = new FakeProcess();
  readonly lines: Record<string, unknown>[] = [];
  readonly exitCode: Promise<number>;
  readonly #waiting = new Map<string, () => void>();

  constructor(start: (signal: AbortSignal) => Promise<RunningService>) {
    const write = (text: string): void => {
      const line: Record<string, unknown> = JSON.parse(text);
      this.lines.push(line);
      this.#waiting.get(String(line["msg"]))?.();
    };
    const logger = createLogger({ name: "test", level: "debug", destination: { write } });
    this.exitCode = runService({
      name: "test",
      logger,
      start,
      drainDeadlineMs: DEADLINE_MS,
      process: this.fake,
    });
  }

  /** Resolves once this has been logged. */
  async logged(message: string): Promise<void> {
    if (this.messages.some((logged) => logged.endsWith(message))) return;
    await new Promise<void>((resolve) => this.#waiting.set(message, resolve));
  }

  get messages(): string[] {
    return this.lines.map((line) => `${line["level"]} ${line["msg"]}`);
  }
}

async function runningWith(service: RunningService): Promise<Run> {
  const run = new Run(async () => service);
  await run.logged("test is running");
  return run;
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
});

afterEach(() => {
  // A service must not leave a timer behind, however it ended.
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
});

describe("a running service", () => {
  test.each(["SIGTERM", "SIGINT"] as const)(
    "drains, then stops, then exits with 0 after %s",
    async (signal) => {
      const steps: string[] = [];
      const run = await runningWith({
        drain: async (deadline) => void steps.push(`drain ${deadline.aborted}`),
        stop: async () => void steps.push("stop"),
      });
      run.fake.emit(signal);
      expect(await run.exitCode).toBe(0);
      expect(steps).toEqual(["drain false", "stop"]);
      expect(run.fake.exits).toEqual([0]);
      expect(run.fake.listeners.size).toBe(0);
      expect(run.messages).toEqual([
        "info test is starting",
        "info test is running",
        "info test is ending",
        "info test has drained",
        "info test has ended",
      ]);
      expect(run.lines[2]).toMatchObject({ signal, drainDeadlineMs: DEADLINE_MS });
    },
  );

  test("drains until the deadline and not a millisecond longer", async () => {
    const draining = Promise.withResolvers<AbortSignal>();
    const stop = vi.fn(async () => {});
    const run = await runningWith({
      drain: (deadline) => {
        draining.resolve(deadline);
        return never;
      },
      stop,
      pending: () => ({ connections: 3 }),
    });
    run.fake.emit("SIGTERM");
    const deadline = await draining.promise;
    vi.advanceTimersByTime(DEADLINE_MS - 1);
    expect(deadline.aborted).toBe(false);
    vi.advanceTimersByTime(1);
    expect(deadline.reason).toMatchObject({ name: "RuntimeError", code: "deadline_passed" });
    expect(await run.exitCode).toBe(1);
    expect(stop).toHaveBeenCalledOnce();
    expect(run.lines.find(({ level }) => level === "error")).toMatchObject({
      msg: "test did not drain before the deadline",
      connections: 3,
      drainDeadlineMs: DEADLINE_MS,
    });
  });

  test("has not drained when it gives up at the deadline", async () => {
    const draining = Promise.withResolvers<void>();
    const run = await runningWith({
      drain: (deadline) => {
        draining.resolve();
        return new Promise((resolve) => deadline.addEventListener("abort", () => resolve()));
      },
    });
    run.fake.emit("SIGTERM");
    await draining.promise;
    vi.advanceTimersByTime(DEADLINE_MS);
    expect(await run.exitCode).toBe(1);
    expect(run.messages).toContain("error test did not drain before the deadline");
  });

  test("exits with 1 when its drain fails, after stopping", async () => {
    const stop = vi.fn(async () => {});
    const run = await runningWith({ drain: () => Promise.reject(new Error("stuck")), stop });
    run.fake.emit("SIGTERM");
    expect(await run.exitCode).toBe(1);
    expect(stop).toHaveBeenCalledOnce();
    expect(run.lines.find(({ level }) => level === "error")).toMatchObject({
      msg: "test failed to drain",
      err: { message: "stuck" },
    });
  });

  test("exits with 1 when its drain throws before it returns a promise", async () => {
    const run = await runningWith({
      drain: () => {
        throw new Error("at once");
      },
    });
    run.fake.emit("SIGTERM");
    expect(await run.exitCode).toBe(1);
  });

  test("exits with 1 when it fails to stop, or does not get done with it", async () => {
    const failing = await runningWith({
      drain: async () => {},
      stop: () => Promise.reject(new Error("stuck")),
    });
    failing.fake.emit("SIGTERM");
    expect(await failing.exitCode).toBe(1);

    const stopping = Promise.withResolvers<void>();
    const endless = await runningWith({
      drain: async () => {},
      stop: () => {
        stopping.resolve();
        return never;
      },
    });
    endless.fake.emit("SIGTERM");
    await stopping.promise;
    vi.advanceTimersByTime(2000);
    expect(await endless.exitCode).toBe(1);
    expect(endless.messages).toContain("error test failed to stop");
  });

  test.each([
    ["SIGTERM", "SIGTERM", 143],
    ["SIGTERM", "SIGINT", 130],
    ["SIGINT", "SIGINT", 130],
  ] as const)("exits at once after %s and %s, with %i", async (first, second, exitCode) => {
    const run = await runningWith({ drain: () => never });
    run.fake.emit(first);
    vi.advanceTimersByTime(300);
    run.fake.emit(second);
    expect(run.fake.exits).toEqual([exitCode]);
    expect(await run.exitCode).toBe(exitCode);
    expect(run.messages).toContain("warn test exits at once: second signal");
  });

  test("takes the same signal right after the first for its echo, and another one for a second", async () => {
    const run = await runningWith({ drain: () => never });
    run.fake.emit("SIGINT");
    vi.advanceTimersByTime(299);
    run.fake.emit("SIGINT");
    expect(run.fake.exits).toEqual([]);
    run.fake.emit("SIGTERM");
    expect(run.fake.exits).toEqual([143]);
    expect(await run.exitCode).toBe(143);
  });

  test.each([
    ["uncaughtException", "test exits: an exception nobody caught"],
    ["unhandledRejection", "test exits: a rejection nobody handled"],
  ] as const)("logs and exits with 1 after an %s", async (event, message) => {
    const drain = vi.fn(async () => {});
    const run = await runningWith({ drain });
    run.fake.emit(event, new TypeError("bug"));
    expect(run.fake.exits).toEqual([1]);
    expect(await run.exitCode).toBe(1);
    expect(run.lines.at(-2)).toMatchObject({
      level: "fatal",
      msg: message,
      err: { type: "TypeError", message: "bug" },
    });
    expect(drain).not.toHaveBeenCalled();
  });

  test("exits with 1 after an exception in the middle of its drain", async () => {
    const run = await runningWith({ drain: () => never });
    run.fake.emit("SIGTERM");
    run.fake.emit("uncaughtException", "thrown text");
    expect(await run.exitCode).toBe(1);
    expect(run.lines.at(-2)).toMatchObject({ err: { type: "string", message: "thrown text" } });
  });

  test("exits with 1 when the deadline passes before the drain has begun", async () => {
    const run = await runningWith({ drain: () => never });
    run.fake.emit("SIGTERM");
    vi.advanceTimersByTime(DEADLINE_MS);
    expect(await run.exitCode).toBe(1);
  });

  test("keeps what was started under the start signal until it stops it itself", async () => {
    const given = Promise.withResolvers<AbortSignal>();
    const run = new Run(async (signal) => {
      given.resolve(signal);
      return { drain: async () => {} };
    });
    await run.logged("test is running");
    run.fake.emit("SIGTERM");
    expect(await run.exitCode).toBe(0);
    expect((await given.promise).aborted).toBe(false);
  });

  test("exits with 1 when it cannot even say what is pending", async () => {
    const run = await runningWith({
      drain: () => never,
      pending: () => {
        throw new Error("bug");
      },
    });
    run.fake.emit("SIGTERM");
    vi.advanceTimersByTime(DEADLINE_MS);
    expect(await run.exitCode).toBe(1);
    expect(run.messages).toContain("fatal test exits: the lifecycle failed");
  });
});

describe("a service that is starting", () => {
  test("is told of a signal, and exits with 0 when it gives up", async () => {
    const run = new Run(
      (signal) => new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason))),
    );
    run.fake.emit("SIGTERM");
    expect(await run.exitCode).toBe(0);
    expect(run.messages).toEqual([
      "info test is starting",
      "info test is ending",
      "info test was ended while starting",
      "info test has ended",
    ]);
  });

  test("learns why", async () => {
    const reason = Promise.withResolvers<unknown>();
    const run = new Run((signal) => {
      signal.addEventListener("abort", () => reason.resolve(signal.reason));
      return reason.promise.then(() => Promise.reject(new Error("gave up")));
    });
    run.fake.emit("SIGINT");
    expect(await reason.promise).toBeInstanceOf(RuntimeError);
    expect(await reason.promise).toMatchObject({
      code: "start_aborted",
      message: "start_aborted: SIGINT while starting",
    });
    expect(await run.exitCode).toBe(0);
    expect(run.lines.at(-2)).toMatchObject({
      msg: "test was ended while starting",
      err: { message: "gave up" },
    });
  });

  test("is drained when it starts all the same", async () => {
    const started = Promise.withResolvers<RunningService>();
    const drain = vi.fn(async () => {});
    const run = new Run(() => started.promise);
    run.fake.emit("SIGTERM");
    started.resolve({ drain });
    expect(await run.exitCode).toBe(0);
    expect(drain).toHaveBeenCalledOnce();
    expect(run.messages).not.toContain("info test is running");
  });

  test("exits with 1 when it does neither before the deadline", async () => {
    const run = new Run(() => never);
    run.fake.emit("SIGTERM");
    vi.advanceTimersByTime(DEADLINE_MS);
    expect(await run.exitCode).toBe(1);
    expect(run.messages).toContain("error test did not end its start before the deadline");
  });

  test("exits at once after a second signal", async () => {
    const run = new Run(() => never);
    run.fake.emit("SIGINT");
    run.fake.emit("SIGTERM");
    expect(await run.exitCode).toBe(143);
  });

  test("fails with one line that says why", async () => {
    const cause = Object.assign(new Error("connect ECONNREFUSED 127.0.0.1:4222"), { code: "ECONNREFUSED" });
    const run = new Run(() => Promise.reject(new RuntimeError("listen_failed", "no broker", { cause })));
    expect(await run.exitCode).toBe(1);
    const message = "test could not start: listen_failed: no broker: connect ECONNREFUSED 127.0.0.1:4222";
    expect(run.lines.at(-2)).toMatchObject({ level: "fatal", code: "listen_failed", msg: message });
    expect(JSON.stringify(run.lines)).not.toContain("stack");
    expect(run.messages.filter((line) => line.startsWith("fatal"))).toHaveLength(1);
  });

  test("fails with the stack of an error that nobody foresaw, even one thrown before any promise", async () => {
    const run = new Run(() => {
      throw new TypeError("bug");
    });
    expect(await run.exitCode).toBe(1);
    expect(run.lines.at(-2)).toMatchObject({
      msg: "test could not start: bug",
      err: { stack: expect.any(String) },
    });
  });
});

describe("runService", () => {
  test.each([0, -1, 1.5, Number.NaN, 2 ** 31])("refuses a deadline of %d ms", async (drainDeadlineMs) => {
    const logger = createLogger({ name: "test", level: "silent" });
    const start = vi.fn();
    await expect(runService({ name: "test", logger, start, drainDeadlineMs })).rejects.toThrow(TypeError);
    expect(start).not.toHaveBeenCalled();
  });
});
