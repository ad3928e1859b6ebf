import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate as turn } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { WorkerProcess } from "./worker-process.ts";

test("a worker that is still starting is not waited for: the metrics of the others would come too late", async () => {
  const directory = mkdtempSync(join(tmpdir(), "tidegate-worker-"));
  const file = join(directory, "worker.mjs");
  writeFileSync(file, 'process.send({ kind: "hello" }); setInterval(() => {}, 1_000);');
  const heard = Promise.withResolvers<void>();
  const worker = new WorkerProcess(pathToFileURL(file), 0, "work", {
    onHeard: () => heard.resolve(),
    onReadiness: () => {},
    onExit: () => rmSync(directory, { recursive: true, force: true }),
  });
  onTestFinished(() => worker.kill());
  await heard.promise;
  expect(await Promise.race([worker.metrics(), turn("waits")])).toBeUndefined();
});
