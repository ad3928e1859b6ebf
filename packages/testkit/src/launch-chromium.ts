import { readEnvironment } from "@tidegate/runtime";
import type { Browser } from "playwright-core";
import { type LocateChromiumOptions, locateChromium } from "./locate-chromium.ts";

export interface LaunchChromiumOptions extends LocateChromiumOptions {
  /** Added to the switches below. */
  readonly args?: readonly string[];
}

const launchTimeoutMs = 30_000;

/**
 * Nothing of a machine without a display or a way to the internet, and nothing that talks to anyone but the
 * pages of the test. QUIC would bypass the TCP connections that tests count and cut.
 */
const switches = [
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  // What moves for ever is drawn for ever.
  "--force-prefers-reduced-motion",
];

/**
 * Starts a headless Chromium with a new profile, which is removed when it closes. Close it (it is disposable);
 * it also ends when this process does, since Playwright controls it through a pipe. Only a SIGKILL to us leaves
 * the profile behind in the directory for temporary files.
 *
 * Chromium's sandbox is used unless we are root, which it refuses.
 *
 * @throws TestkitError `chromium-missing`; errors of Playwright if the browser does not start.
 */
export async function launchChromium(options: LaunchChromiumOptions = {}): Promise<Browser> {
  const executablePath = await locateChromium(options);
  // Loaded when needed: it takes half a second, which every test with a nats-server would pay.
  const { chromium } = await import("playwright-core");
  return await chromium.launch({
    executablePath,
    headless: true,
    chromiumSandbox: process.getuid?.() !== 0,
    args: [...switches, ...(options.args ?? [])],
    timeout: launchTimeoutMs,
    env: definedValues(options.env ?? readEnvironment()),
    // What a signal means is for the test runner to say.
    handleSIGINT: false,
    handleSIGTERM: false,
    handleSIGHUP: false,
  });
}

function definedValues(env: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const result: Record<string, string> = {};
  for (const [name, value] of Object.entries(env)) if (value !== undefined) result[name] = value;
  return result;
}

export type { Browser };
