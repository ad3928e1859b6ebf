import { execFile } from "node:child_process";
import { createServer } from "node:http";
import { promisify } from "node:util";
import { expect, onTestFinished, test } from "vitest";
import { type Browser, launchChromium } from "./launch-chromium.ts";
import { startParentToKill } from "./parent-to-kill.ts";
import { isProcessAlive } from "./process-state.ts";
import { waitUntil } from "./wait-until.ts";

// Installing a browser may be part of the first launch on a machine.
const timeout = 300_000;

async function servePage(html: string): Promise<string> {
  const server = createServer((_request, response) =>
    response.setHeader("content-type", "text/html").end(html),
  );
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new TypeError("it has a port");
  return `http://127.0.0.1:${address.port}/`;
}

async function processesWith(marker: string): Promise<readonly number[]> {
  const { stdout } = await promisify(execFile)("ps", ["-eo", "pid=,args="], { maxBuffer: 2 ** 24 });
  return stdout
    .split("\n")
    .filter((line) => line.includes(marker) && !line.includes(" ps "))
    .map((line) => Number.parseInt(line, 10))
    .filter(isProcessAlive);
}

/** A page that counts the visits of a profile in its title. */
const COUNTING_PAGE = `<title>Tide</title><script>
  document.title += " " + (localStorage.visits = 1 + Number(localStorage.visits ?? 0));
</script>`;

async function expectFirstVisit(browser: Browser, url: string): Promise<void> {
  const page = await browser.newPage();
  await page.goto(url);
  expect(await page.title()).toBe("Tide 1");
  expect(await page.evaluate("navigator.webdriver")).toBe(true);
}

// One test, since each browser takes seconds of a core to start: two of one kind, and the second of them is looked for.
test("a browser shows a page from loopback and runs its scripts, with a profile of its own, and ends when it is closed", {
  timeout,
}, async () => {
  const url = await servePage(COUNTING_PAGE);
  await using first = await launchChromium();
  await expectFirstVisit(first, url);
  await first.close();

  const closed = `--user-agent=tidegate-closed-${process.pid}`;
  await using second = await launchChromium({ args: [closed] });
  await expectFirstVisit(second, url);
  expect((await processesWith(closed)).length).toBeGreaterThan(0);
  await second.close();
  await waitUntil(async () => (await processesWith(closed)).length === 0, { message: "the browser to end" });
});

test("a browser ends with its parent", { timeout }, async () => {
  const orphaned = `--user-agent=tidegate-orphaned-${process.pid}`;
  await using parent = await startParentToKill(`
    import { launchChromium } from ${JSON.stringify(import.meta.resolve("./launch-chromium.ts"))};
    await launchChromium({ args: [${JSON.stringify(orphaned)}] });
    console.log("{}");
  `);
  await parent.report;
  expect((await processesWith(orphaned)).length).toBeGreaterThan(0);
  parent.process.signal("SIGKILL");
  await parent.process.exited;
  await waitUntil(async () => (await processesWith(orphaned)).length === 0, {
    message: "the browser to end with its parent",
    intervalMs: 50,
  });
});
