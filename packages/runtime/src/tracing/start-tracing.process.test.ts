import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, it } from "vitest";

/** Starts tracing, on or off, and prints which libraries were asked for that only tracing needs. */
const SCRIPT = `
const { registerHooks } = process.getBuiltinModule("node:module");
const asked = new Set();
registerHooks({
  resolve: (specifier, context, next) => {
    if (/@opentelemetry\\/(sdk|exporter|resources|core)/.test(specifier)) asked.add(specifier);
    return next(specifier, context);
  },
});
const { startTracing } = await import("@tidegate/runtime");
const settings = { enabled: process.argv[1] === "on", endpoint: "http://127.0.0.1:1", sampleRatio: 1 };
const logger = { info: () => {}, warn: () => {} };
const tracing = await startTracing(settings, { service: "test", instance: "n1" }, logger);
await tracing?.close();
process.stdout.write(JSON.stringify([...asked]));
`;

async function librariesWhen(state: "on" | "off"): Promise<readonly string[]> {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ["--no-warnings", "--input-type=module", "--eval", SCRIPT, state],
    { cwd: import.meta.dirname },
  );
  return JSON.parse(stdout) as readonly string[];
}

it("loads no library where tracing is off", async () => {
  expect(await librariesWhen("off")).toStrictEqual([]);
  expect(await librariesWhen("on")).toContain("@opentelemetry/sdk-trace");
});
