import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** What finding and installing a Chromium depends on, besides the environment. */
export interface ChromiumMachine {
  readonly isRoot: boolean;
  /** Paths to try after PATH; `~/` is the home directory. */
  readonly usualPlaces: readonly string[];
  /** Where Playwright has its browser once it is installed; undefined on systems that it does not know. */
  readonly playwrightBrowser: () => Promise<string | undefined>;
  /** Playwright's command line program, a JavaScript file. */
  readonly playwrightCli: string;
}

const usualPlaces: Readonly<Partial<Record<NodeJS.Platform, readonly string[]>>> = {
  darwin: [
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "~/Applications/Chromium.app/Contents/MacOS/Chromium",
    "~/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/opt/homebrew/bin/chromium",
  ],
  linux: [
    "/usr/bin/chromium",
    "/usr/bin/chromium-browser",
    "/usr/bin/google-chrome",
    "/opt/google/chrome/chrome",
    "/snap/bin/chromium",
  ],
};

export function thisMachine(): ChromiumMachine {
  return {
    isRoot: process.getuid?.() === 0,
    usualPlaces: usualPlaces[process.platform] ?? [],
    playwrightBrowser,
    playwrightCli: join(fileURLToPath(import.meta.resolve("playwright-core/package.json")), "..", "cli.js"),
  };
}

async function playwrightBrowser(): Promise<string | undefined> {
  // Loaded when needed: it takes half a second, which every test with a nats-server would pay.
  const { chromium } = await import("playwright-core");
  try {
    return chromium.executablePath();
  } catch {
    return undefined;
  }
}
