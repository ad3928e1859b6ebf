import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { afterEach, describe, expect, test } from "vitest";

const runtime = JSON.stringify(new URL("../index.ts", import.meta.url).href);

/** A program around `runService`; `service` is the source of its `start` function. */
function program(service: string, drainDeadlineMs: number): string {
  return `
    import { createLogger, Readiness, createMetrics, runService, startOperationsServer } from ${runtime};
    const logger = createLogger({ name: "spawned", level: "info" });
    await runService({ name: "spawned", logger, drainDeadlineMs: ${drainDeadlineMs}, start: ${service} });
  `;
}

const OPERATIONS = `async (signal) => {
  const readiness = new Readiness(["started"]);
  const { exposition } = createMetrics({}, { process: true });
  const server = await startOperationsServer({ host: "127.0.0.1", port: 0, metrics: exposition, readiness, signal });
  readiness.condition("started").pass();
  logger.info({ port: server.port }, "listening");
  return {
    drain: async () => {
      readiness.drain();
      const answer = await fetch("http://127.0.0.1:" + server.port + "/readyz");
      logger.info({ status: answer.status, body: await answer.json() }, "asked");
    },
    stop: () => server.close(),
  };
}`;

const ENDLESS = `async () => {
  const server = await startOperationsServer({
    host: "127.0.0.1", port: 0, metrics: createMetrics({}).exposition, readiness: new Readiness(["never"]),
  });
  return { drain: () => new Promise(() => {}), stop: () => server.close() };
}`;

const children: ChildProcess[] = [];

afterEach(() => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
});

interface Spawned {
  readonly lines: Record<string, unknown>[];
  readonly kill: (signal: NodeJS.Signals) => void;
  readonly logged: (message: string) => Promise<void>;
  readonly ended: Promise<{ readonly code: number | null; readonly signal: string | null }>;
}

function launch(service: string, drainDeadlineMs = 60_000): Spawned {
  const child = spawn(
    process.execPath,
    ["--input-type=module", "--eval", program(service, drainDeadlineMs)],
    {
      stdio: ["ignore", "pipe", "inherit"],
      env: {},
    },
  );
  children.push(child);
  const ended = once(child, "close").then(([code, signal]) => ({ code, signal }));
  const lines: Record<string, unknown>[] = [];
  const waiting = new Map<string, () => void>();
  createInterface({ input: child.stdout }).on("line", (text) => {
    const line: Record<string, unknown> = JSON.parse(text);
    lines.push(line);
    waiting.get(String(line["msg"]))?.();
  });
  const logged = async (message: string): Promise<void> => {
    if (lines.some((line) => line["msg"] === message)) return;
    const ending = ended.then(() => Promise.reject(new Error(`ended without logging ${message}`)));
    await Promise.race([new Promise<void>((resolve) => waiting.set(message, resolve)), ending]);
  };
  return { lines, kill: (signal) => void child.kill(signal), logged, ended };
}

describe("a real process", () => {
  test("serves, drains after SIGTERM while it still answers probes, and exits with 0", async () => {
    const spawned = launch(OPERATIONS);
    await spawned.logged("spawned is running");
    spawned.kill("SIGTERM");
    expect(await spawned.ended).toEqual({ code: 0, signal: null });
    expect(spawned.lines.find(({ msg }) => msg === "asked")).toMatchObject({
      status: 503,
      body: { status: "draining" },
    });
    expect(spawned.lines.at(-1)).toMatchObject({ msg: "spawned has ended", exitCode: 0 });
  });

  test("exits at once with 130 after SIGTERM and SIGINT", async () => {
    const spawned = launch(ENDLESS);
    await spawned.logged("spawned is running");
    spawned.kill("SIGTERM");
    await spawned.logged("spawned is ending");
    spawned.kill("SIGINT");
    expect(await spawned.ended).toEqual({ code: 130, signal: null });
  });

  test("stays alive until the deadline though nothing else keeps it, to tell that it did not drain", async () => {
    const spawned = launch(
      `async () => {
        const open = setInterval(() => {}, 60_000);
        return { drain: () => (clearInterval(open), new Promise(() => {})), pending: () => ({ connections: 2 }) };
      }`,
      200,
    );
    await spawned.logged("spawned is running");
    spawned.kill("SIGTERM");
    expect(await spawned.ended).toEqual({ code: 1, signal: null });
    expect(spawned.lines.at(-2)).toMatchObject({
      level: "error",
      msg: "spawned did not drain before the deadline",
      connections: 2,
    });
  });

  test("logs an exception and a rejection that nobody handles as its last words", async () => {
    const bugs: readonly (readonly [string, string])[] = [
      [`throw new TypeError("bug")`, "spawned exits: an exception nobody caught"],
      [`Promise.reject(new TypeError("bug"))`, "spawned exits: a rejection nobody handled"],
    ];
    for (const [bug, message] of bugs) {
      const spawned = launch(
        `async () => { setImmediate(() => { ${bug}; }); return { drain: async () => {} }; }`,
      );
      expect(await spawned.ended).toEqual({ code: 1, signal: null });
      expect(spawned.lines.at(-2)).toMatchObject({
        level: "fatal",
        msg: message,
        err: { type: "TypeError" },
      });
    }
  });

  test("fails to start with one line and exit code 1", async () => {
    const spawned = launch(`async () => {
      throw Object.assign(new Error("bad_address: no such host"), { code: "bad_address" });
    }`);
    expect(await spawned.ended).toEqual({ code: 1, signal: null });
    expect(spawned.lines.filter(({ level }) => level === "fatal")).toEqual([
      expect.objectContaining({
        code: "bad_address",
        msg: "spawned could not start: bad_address: no such host",
      }),
    ]);
  });
});
