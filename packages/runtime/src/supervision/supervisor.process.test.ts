import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";
import { afterAll, describe, expect, test, vi } from "vitest";

const runtime = JSON.stringify(new URL("../index.ts", import.meta.url).href);

/** A worker that is ready at once and does what `work` says. */
const WORKER = `
  import { counter, createLogger, createMetrics, gauge, Readiness, runService, takeWorkerSeat } from ${runtime};
  const seat = await takeWorkerSeat();
  const logger = createLogger({ name: "worker", level: "info" }).child({ worker: seat.index });
  if (seat.work === "fails") process.exit(7);
  if (seat.work === "dies" && seat.index === 1) setTimeout(() => process.exit(7), 50);
  await runService({
    name: "worker", logger, drainDeadlineMs: 60_000, process: seat.process,
    start: async () => {
      const { metrics, exposition } = createMetrics({
        done: counter("t_done_total", "Done."), level: gauge("t_level", "Level.", [], "max"),
      });
      metrics.done.child().inc(seat.index + 1);
      metrics.level.child().set(seat.index);
      const readiness = new Readiness(["started"]);
      seat.report(exposition, readiness);
      readiness.condition("started").pass();
      return { drain: () => (seat.work === "stays" ? new Promise(() => {}) : Promise.resolve()) };
    },
  });
`;

function main(script: string, work: string): string {
  return `
    import { createLogger, runService, startSupervisor } from ${runtime};
    const logger = createLogger({ name: "main", level: "info" });
    const options = {
      script: new URL(${JSON.stringify(script)}), workers: 2, work: ${JSON.stringify(work)}, logger,
      operations: { host: "127.0.0.1", port: 0 },
    };
    await runService({ name: "main", logger, drainDeadlineMs: 60_000, start: async (signal) => {
      const supervisor = await startSupervisor(options, signal);
      void supervisor.failed.then((error) => { throw error; });
      logger.info({ port: supervisor.operationsPort }, "up");
      return supervisor;
    } });
  `;
}

interface Line {
  readonly msg: string;
  readonly [field: string]: unknown;
}

interface Launched {
  readonly child: ChildProcess;
  readonly lines: readonly Line[];
  readonly logged: (message: string) => Promise<Line>;
  readonly ended: Promise<number | null>;
}

const directory = mkdtempSync(join(tmpdir(), "tidegate-supervisor-"));
const children: ChildProcess[] = [];

// Not after each: they run side by side.
afterAll(() => {
  for (const child of children) child.kill("SIGKILL");
  rmSync(directory, { recursive: true, force: true });
});

function launch(work: string): Launched {
  const file = join(directory, "worker.mts");
  writeFileSync(file, WORKER);
  // A file as well: the options of a process are those of its workers, and of these `--eval` is none.
  const program = join(directory, `main-${work}.mts`);
  writeFileSync(program, main(pathToFileURL(file).href, work));
  const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", program], {
    stdio: ["ignore", "pipe", "inherit"],
    env: {},
  });
  children.push(child);
  const lines: Line[] = [];
  const waiting = new Map<string, (line: Line) => void>();
  createInterface({ input: child.stdout }).on("line", (text) => {
    const line = JSON.parse(text) as Line;
    lines.push(line);
    waiting.get(line.msg)?.(line);
  });
  return {
    child,
    lines,
    logged: (message) => {
      const said = lines.find(({ msg }) => msg === message);
      return said === undefined
        ? new Promise((resolve) => waiting.set(message, resolve))
        : Promise.resolve(said);
    },
    ended: once(child, "close").then(([code]) => code as number | null),
  };
}

describe.concurrent("a supervisor", { timeout: 60_000 }, () => {
  test("shows its workers as one, and ends them in order", async () => {
    const service = launch("");
    const { port } = await service.logged("up");
    const metrics = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
    expect(metrics).toContain("\nt_done_total 3\n");
    expect(metrics).toContain("\nt_level 1\n");
    expect(metrics).toContain('\nsupervisor_workers{state="ready"} 2\n');
    expect(await (await fetch(`http://127.0.0.1:${port}/readyz`)).json()).toStrictEqual({ status: "ready" });
    service.child.kill("SIGTERM");
    expect(await service.ended).toBe(0);
    expect(service.lines.filter(({ msg }) => msg === "worker has drained")).toHaveLength(2);
  });

  test("exits with 1 if a worker cannot start, and asks only the first", async () => {
    const service = launch("fails");
    expect(await service.ended).toBe(1);
    expect(service.lines.filter(({ msg }) => msg === "a worker is starting")).toHaveLength(1);
    const reason = service.lines.find(({ code }) => code === "worker_failed");
    expect(reason?.msg).toContain("worker 0 ended while it started: code 7");
  });

  test("starts a worker again and again that does not last, and waits longer each time", async () => {
    const service = launch("dies");
    await service.logged("up");
    const ends = (): Line[] => service.lines.filter(({ msg }) => msg === "a worker has ended: code 7");
    await vi.waitUntil(() => ends().length >= 3, { timeout: 30_000 });
    expect(ends().map(({ failures }) => failures)).toStrictEqual([1, 2, 3]);
    service.child.kill("SIGTERM");
    expect(await service.ended).toBe(0);
  });

  test("ends at once at a second signal, and the workers with it", async () => {
    const service = launch("stays");
    await service.logged("up");
    service.child.kill("SIGTERM");
    await service.logged("worker is ending");
    service.child.kill("SIGINT");
    // The output is closed when the last of them is gone: the workers write to the same.
    expect(await service.ended).toBe(130);
  });
});
