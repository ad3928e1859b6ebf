import { existsSync } from "node:fs";
import { mkdir, mkdtemp, open, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readEnvironment } from "@tidegate/runtime";
import { expect, onTestFinished, test } from "vitest";
import { endProcess } from "./end-process.ts";
import { startParentToKill } from "./parent-to-kill.ts";
import { isProcessAlive } from "./process-state.ts";
import { type OutputStream, type SuperviseOptions, supervise } from "./supervise.ts";
import { waitUntil } from "./wait-until.ts";
import { waitUntilStopped } from "./wait-until-stopped.ts";

const superviseUrl = import.meta.resolve("./supervise.ts");

async function superviseShell(script: string, options: Partial<SuperviseOptions> = {}) {
  const lines: [OutputStream, string][] = [];
  const child = await supervise("/bin/sh", ["-c", script], {
    env: readEnvironment(),
    keepsAlive: true,
    output: (line, stream) => lines.push([stream, line]),
    ...options,
  });
  onTestFinished(async () => {
    await endProcess(child, "SIGKILL", 1000);
  });
  return { child, lines };
}

async function temporaryDirectory(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), "tidegate-test-"));
  onTestFinished(() => rm(path, { recursive: true, force: true }));
  return path;
}

test("every line of both outputs is handed over before the end is reported", async () => {
  const { child, lines } = await superviseShell("echo one; echo two >&2; printf 'three\\r\\nfour'");
  expect(await child.exited).toEqual({ code: 0, signal: null });
  expect(lines.filter(([stream]) => stream === "stdout").map(([, line]) => line)).toEqual([
    "one",
    "three",
    "four",
  ]);
  expect(lines.filter(([stream]) => stream === "stderr").map(([, line]) => line)).toEqual(["two"]);
});

test("output can go to a file instead", async () => {
  const path = join(await temporaryDirectory(), "log");
  const file = await open(path, "w");
  const { child } = await superviseShell("echo out; echo err >&2", { output: file.fd });
  await child.exited;
  await file.close();
  expect(await readFile(path, "utf8")).toBe("out\nerr\n");
});

test("exit codes and signals are told apart", async () => {
  const coded = await superviseShell("exit 7");
  expect(await coded.child.exited).toEqual({ code: 7, signal: null });
  const signalled = await superviseShell("kill -USR1 $$");
  expect(await signalled.child.exited).toEqual({ code: null, signal: "SIGUSR1" });
});

test("a command that does not exist is a process that says so", async () => {
  const lines: string[] = [];
  const child = await supervise("/nonexistent/program", [], {
    env: readEnvironment(),
    keepsAlive: true,
    output: (line) => lines.push(line),
  });
  expect(await child.exited).toEqual({ code: 127, signal: null });
  expect(lines.join("\n")).toContain("/nonexistent/program");
});

test("a missing working directory is an error", async () => {
  await expect(superviseShell("true", { cwd: "/nonexistent" })).rejects.toMatchObject({
    code: "process-failed",
  });
});

test("the process has exactly the environment and the arguments it was given", async () => {
  const lines: string[] = [];
  const child = await supervise("/bin/sh", ["-c", 'echo "$A|$HOME|$1|$2"', "name", "two words", "*"], {
    env: { A: "a b", HOME: undefined },
    keepsAlive: true,
    output: (line) => lines.push(line),
  });
  await child.exited;
  expect(lines).toEqual(["a b||two words|*"]);
});

test("a signal reaches the process, and none is sent after its end", async () => {
  const { child } = await superviseShell("exec sleep 60");
  expect(isProcessAlive(child.pid)).toBe(true);
  expect(child.signal("SIGTERM")).toBe(true);
  expect(await child.exited).toEqual({ code: null, signal: "SIGTERM" });
  expect(child.signal("SIGTERM")).toBe(false);
});

test("a process that ignores the request to end is killed after the grace period", async () => {
  const { child, lines } = await superviseShell("trap '' TERM; echo ready; while :; do sleep 0.05; done");
  await waitUntil(() => lines.length > 0);
  expect(await endProcess(child, "SIGTERM", 50)).toEqual({ code: null, signal: "SIGKILL" });
});

test("what a process leaves behind in its group ends with it", async () => {
  const { child, lines } = await superviseShell("sleep 60 & echo $!");
  await child.exited;
  const leftBehind = Number(lines[0]?.[1]);
  await waitUntil(() => !isProcessAlive(leftBehind), { message: "the background process to end" });
});

test("a directory is kept when the process ends before its parent", async () => {
  const directory = join(await temporaryDirectory(), "kept");
  await mkdir(directory);
  const { child } = await superviseShell("exit 1", { removeIfOrphaned: directory });
  await child.exited;
  expect(existsSync(directory)).toBe(true);
});

const reportPids = 'echo "{\\"pid\\":$$,\\"grandchild\\":$!,\\"supervisor\\":$PPID}"';

test.each([
  ["running", `sleep 60 & ${reportPids}; wait`],
  ["stopped", `sleep 60 & ${reportPids}; kill -STOP $!; kill -STOP $$`],
  ["ignoring every request to end", `trap '' HUP INT TERM PIPE; sleep 60 & ${reportPids}; wait`],
])("a process that is %s dies with its parent, with its children and its directory", async (name, script) => {
  const directory = join(await temporaryDirectory(), "orphaned");
  await mkdir(directory);
  await writeFile(join(directory, "file"), "content");
  await using parent = await startParentToKill(`
    import { supervise } from ${JSON.stringify(superviseUrl)};
    await supervise("/bin/sh", ["-c", ${JSON.stringify(script)}], {
      env: process.env,
      keepsAlive: true,
      removeIfOrphaned: ${JSON.stringify(directory)},
      output: (line) => console.log(line),
    });
  `);
  const { pid, grandchild, supervisor } = await parent.report;
  if (name === "stopped") await waitUntilStopped(Number(pid));
  for (const id of [pid, grandchild, supervisor]) expect(isProcessAlive(Number(id))).toBe(true);

  parent.process.signal("SIGKILL");
  await parent.process.exited;
  await waitUntil(() => !isProcessAlive(Number(pid)), { message: "the child to end" });
  await waitUntil(() => !isProcessAlive(Number(grandchild)), { message: "the grandchild to end" });
  await waitUntil(() => !isProcessAlive(Number(supervisor)), { message: "the supervisor to end" });
  await waitUntil(() => !existsSync(directory), { message: "the directory to go" });
});

test.each([
  ["exits", "process.exit(0)"],
  ["throws", "setImmediate(() => { throw new Error('crash'); })"],
  ["is asked to end", "process.kill(process.pid, 'SIGTERM')"],
])("a process dies with a parent that %s", async (_name, ending) => {
  await using parent = await startParentToKill(`
    import { supervise } from ${JSON.stringify(superviseUrl)};
    const child = await supervise("sleep", ["60"], { env: process.env, keepsAlive: true, output: () => {} });
    console.log(JSON.stringify({ pid: child.pid }));
    ${ending};
  `);
  const { pid } = await parent.report;
  await parent.process.exited;
  await waitUntil(() => !isProcessAlive(Number(pid)), { message: "the child to end" });
});

test("a parent is not kept alive by a process that shall not do so", async () => {
  await using parent = await startParentToKill(`
    import { supervise } from ${JSON.stringify(superviseUrl)};
    await supervise("sleep", ["60"], { env: process.env, keepsAlive: false, output: () => {} });
    console.log("{}");
  `);
  await parent.report;
  expect(await parent.process.exited).toEqual({ code: 0, signal: null });
});
