import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { startParentToKill } from "./parent-to-kill.ts";
import { pinnedNodePath } from "./pinned-node.ts";
import { isProcessAlive } from "./process-state.ts";
import { type NodeProcess, type SpawnNodeOptions, spawnNode } from "./spawn-node.ts";
import { waitUntil } from "./wait-until.ts";

async function program(text: string): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "tidegate-test-"));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  const file = join(directory, "main.mts");
  await writeFile(file, text);
  return file;
}

async function run(text: string, options: SpawnNodeOptions = {}): Promise<NodeProcess> {
  const child = await spawnNode(await program(text), options);
  onTestFinished(async () => {
    await child.stop("SIGKILL");
  });
  return child;
}

test("TypeScript runs on the pinned Node, with arguments and environment, and no warnings", async () => {
  const child = await run(
    `const [a, b]: string[] = process.argv.slice(2);
     console.log(JSON.stringify([a, b, process.env["ADDED"], "PATH" in process.env, "HOME" in process.env]));
     console.error(process.execPath);`,
    { args: ["one", "two three"], env: { ADDED: "value", HOME: undefined } },
  );
  expect(await child.exited).toEqual({ code: 0, signal: null });
  expect(child.lines.filter(({ stream }) => stream === "stdout").map(({ text }) => JSON.parse(text))).toEqual(
    [["one", "two three", "value", true, false]],
  );
  expect(child.lines.filter(({ stream }) => stream === "stderr").map(({ text }) => text)).toEqual([
    await pinnedNodePath(),
  ]);
});

test("a file URL, a directory to run in and options of Node are accepted", async () => {
  const file = await program("console.log(process.cwd(), process.execArgv.includes('--no-deprecation'));");
  const child = await spawnNode(pathToFileURL(file), { cwd: "/", nodeOptions: ["--no-deprecation"] });
  expect(await child.waitForLine("")).toBe("/ true");
  await child.exited;
});

test("a wait finds lines printed already and lines to come, on both outputs", async () => {
  const child = await run(`
    process.once("SIGUSR2", () => { console.error("second 2"); process.exit(); });
    console.log("first 1");
    setInterval(() => {}, 1000);
  `);
  expect(await child.waitForLine(/^first \d/g)).toBe("first 1");
  expect(await child.waitForLine("first")).toBe("first 1");
  const second = child.waitForLine("second");
  expect(child.signal("SIGUSR2")).toBe(true);
  expect(await second).toBe("second 2");
});

test("a wait fails when the program ends, and tells what it printed", async () => {
  const child = await run("console.log('reason of failure'); process.exitCode = 3;");
  const failure: unknown = await child.waitForLine("never").catch((error) => error);
  expect(failure).toMatchObject({ code: "process-failed" });
  expect(String(failure)).toMatch(
    /ended with code 3 before it printed a line with never; it printed:\n {2}reason/,
  );
  await expect(child.waitForLine("never")).rejects.toThrow("ended with code 3");
  expect(await child.waitForLine("reason")).toBe("reason of failure");
});

test("a wait fails when the time is over", async () => {
  const child = await run("setInterval(() => {}, 1000);");
  await expect(child.waitForLine("never", 10)).rejects.toMatchObject({
    code: "timeout",
    message: expect.stringContaining("it printed nothing"),
  });
});

test("stopping lets the program end in its own way, and returns how it did", async () => {
  const child = await run(
    "process.once('SIGTERM', () => { console.log('goodbye'); process.exit(5); }); console.log('ready'); setInterval(() => {}, 1000);",
  );
  await child.waitForLine("ready");
  expect(await child.stop()).toEqual({ code: 5, signal: null });
  expect(child.lines.at(-1)?.text).toBe("goodbye");
  expect(await child.stop()).toEqual({ code: 5, signal: null });
  expect(child.signal("SIGTERM")).toBe(false);
});

test("a program that does not stop is killed after the grace period", async () => {
  const child = await run(
    "process.on('SIGTERM', () => {}); console.log('ready'); setInterval(() => {}, 1000);",
  );
  await child.waitForLine("ready");
  expect(await child.stop("SIGTERM", 20)).toEqual({ code: null, signal: "SIGKILL" });
});

test("leaving the scope ends the program", async () => {
  let pid: number;
  {
    await using child = await spawnNode(await program("setInterval(() => {}, 1000);"));
    pid = child.pid;
    expect(isProcessAlive(pid)).toBe(true);
  }
  expect(isProcessAlive(pid)).toBe(false);
});

test("a program dies with its parent, and so do the programs that it has started", async () => {
  const file = await program(
    "console.log(JSON.stringify({ pid: process.pid })); setInterval(() => {}, 1000);",
  );
  const middle = `
    import { spawnNode } from ${JSON.stringify(import.meta.resolve("./spawn-node.ts"))};
    const child = await spawnNode(${JSON.stringify(file)});
    console.log(await child.waitForLine("pid"));
  `;
  await using parent = await startParentToKill(middle);
  const pid = Number((await parent.report)["pid"]);
  expect(isProcessAlive(pid)).toBe(true);
  parent.process.signal("SIGKILL");
  await parent.process.exited;
  await waitUntil(() => !isProcessAlive(pid), { message: "the program to end" });
});
