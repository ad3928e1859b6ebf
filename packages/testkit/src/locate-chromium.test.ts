import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Environment } from "@tidegate/runtime";
import { beforeEach, expect, test } from "vitest";
import { type BareMachine, bareMachine, writeProgram } from "./bare-machine.fixture.ts";
import type { ChromiumMachine } from "./chromium-machine.ts";
import { locateChromium } from "./locate-chromium.ts";

interface Fake extends BareMachine {
  readonly env: Environment;
  readonly machine: ChromiumMachine;
  /** Where the fake Playwright installs. */
  readonly playwrightBrowser: string;
}

let fake: Fake;

/** A machine of its own for every test, with nothing on it. */
beforeEach(async () => {
  const bare = await bareMachine();
  const { root, bin } = bare;
  const playwrightBrowser = join(root, "ms-playwright", "chrome");
  fake = {
    ...bare,
    playwrightBrowser,
    env: { PATH: bin, HOME: join(root, "home"), TIDEGATE_CACHE_DIR: join(root, "cache") },
    machine: {
      isRoot: false,
      usualPlaces: [join(root, "opt", "chrome"), "~/Applications/Chromium"],
      playwrightBrowser: async () => playwrightBrowser,
      playwrightCli: join(root, "cli.mjs"),
    },
  };
});

function writeBrowser(path: string, version = "Chromium 120.0.1"): Promise<string> {
  return writeProgram(path, `echo "${version}"`);
}

/** An apt-get that notes its calls and, if told to, installs a browser on PATH. */
async function installFakeApt(script: string): Promise<() => Promise<string>> {
  await fake.writeAptGet(script, "$DEBIAN_FRONTEND $*");
  return fake.aptCalls;
}

const aptInstalls = () => `
  [ "$1" = update ] && exit 0
  printf '#!/bin/sh\\necho Chromium 121.0\\n' > '${join(fake.bin, "chromium")}'
  command -p chmod 755 '${join(fake.bin, "chromium")}'`;

async function installFakePlaywright(script: string): Promise<void> {
  await writeFile(
    fake.machine.playwrightCli,
    `import { mkdirSync, writeFileSync } from "node:fs";\n${script}\n`,
  );
}

const playwrightInstalls = () => `
  if (process.argv.slice(2).join(" ") !== "install --no-shell chromium") process.exit(2);
  console.log("downloading");
  mkdirSync(${JSON.stringify(dirname(fake.playwrightBrowser))});
  writeFileSync(${JSON.stringify(fake.playwrightBrowser)}, "#!/bin/sh\\necho Chromium 122.0\\n", { mode: 0o755 });`;

const locate = (env: Environment = {}, machine: Partial<ChromiumMachine> = {}, progress: string[] = []) =>
  locateChromium(
    { env: { ...fake.env, ...env }, onProgress: (message) => progress.push(message) },
    { ...fake.machine, ...machine },
  );

test("the variable comes before everything else", async () => {
  await writeBrowser(join(fake.bin, "chromium"));
  const chosen = await writeBrowser(join(fake.root, "my chrome"), "Google Chrome 130.0.6723.58 ");
  expect(await locate({ TIDEGATE_CHROMIUM: chosen })).toBe(chosen);
});

test("a variable that names no browser is an error, whatever else there is", async () => {
  await writeBrowser(join(fake.bin, "chromium"));
  const missing = join(fake.root, "missing");
  await expect(locate({ TIDEGATE_CHROMIUM: missing })).rejects.toMatchObject({
    code: "chromium-missing",
    message: expect.stringContaining(missing),
  });
  const other = await writeBrowser(join(fake.root, "firefox"), "Mozilla Firefox 130.0");
  await expect(locate({ TIDEGATE_CHROMIUM: other })).rejects.toThrow("is no Chromium");
});

test.each(["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"])(
  "%s on PATH is found",
  async (name) => {
    const path = await writeBrowser(join(fake.bin, name));
    await writeBrowser(join(fake.root, "opt", "chrome"));
    expect(await locate()).toBe(path);
  },
);

test("after PATH come the usual places, then Playwright's browser", async () => {
  await writeBrowser(fake.playwrightBrowser);
  expect(await locate()).toBe(fake.playwrightBrowser);
  const home = await writeBrowser(join(fake.root, "home/Applications/Chromium"));
  expect(await locate()).toBe(home);
  const opt = await writeBrowser(join(fake.root, "opt", "chrome"));
  expect(await locate()).toBe(opt);
});

test("a stub that only asks to install something is passed over", async () => {
  const stub = join(fake.bin, "chromium-browser");
  await writeFile(stub, "#!/bin/sh\necho 'requires the chromium snap' >&2; exit 1\n", { mode: 0o755 });
  const real = await writeBrowser(join(fake.bin, "google-chrome"));
  expect(await locate()).toBe(real);
});

test("root installs Debian's package", async () => {
  const calls = await installFakeApt(aptInstalls());
  expect(await locate({}, { isRoot: true })).toBe(join(fake.bin, "chromium"));
  expect(await calls()).toBe(
    "noninteractive update\nnoninteractive install -y --no-install-recommends chromium\n",
  );
});

test("who is not root lets Playwright install its browser", async () => {
  const calls = await installFakeApt(aptInstalls());
  await installFakePlaywright(playwrightInstalls());
  const progress: string[] = [];
  expect(await locate({}, {}, progress)).toBe(fake.playwrightBrowser);
  expect(await calls()).toBe("");
  expect(progress).toContain("playwright: downloading");
});

test.each([
  ["fails", "echo 'no such package' >&2; exit 100", "no such package"],
  ["installs nothing that runs", "exit 0", "nothing on PATH"],
])("if apt-get %s, Playwright's browser is installed", async (_name, script, reason) => {
  await installFakeApt(script);
  await installFakePlaywright(playwrightInstalls());
  const progress: string[] = [];
  expect(await locate({}, { isRoot: true }, progress)).toBe(fake.playwrightBrowser);
  expect(progress.join("\n")).toContain(reason);
});

test("several that ask at once install once", async () => {
  const calls = await installFakeApt(`command -p sleep 0.2\n${aptInstalls()}`);
  const ask = () => locate({}, { isRoot: true });
  expect(new Set(await Promise.all([ask(), ask(), ask()])).size).toBe(1);
  expect((await calls()).match(/ update$/gm)).toHaveLength(1);
  expect(existsSync(join(fake.root, "cache", "chromium.lock"))).toBe(false);
});

test("with no way left, the error names every way and why it failed", async () => {
  await installFakePlaywright('console.error("no network"); process.exit(1);');
  await writeBrowser(join(fake.bin, "chromium"), "what?");
  const failure: unknown = await locate({}, { isRoot: true }).catch((error) => error);
  expect(failure).toMatchObject({ code: "chromium-missing" });
  for (const text of [
    "TIDEGATE_CHROMIUM",
    "google-chrome on PATH",
    "is no Chromium",
    "apt-get install chromium: install-failed: there is no apt-get",
    "npx playwright-core install chromium",
    "no network",
  ]) {
    expect(String(failure)).toContain(text);
  }
});

test("an abort is passed on as it is", async () => {
  await installFakePlaywright(playwrightInstalls());
  const signal = AbortSignal.abort(new Error("enough"));
  await expect(locateChromium({ env: fake.env, signal }, fake.machine)).rejects.toThrow(/^enough$/);
});
