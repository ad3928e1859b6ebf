import { DEVELOPMENT_KEY, mintToken } from "@tidegate/auth";
import { type Browser, launchChromium, type Nginx, startNginx, waitUntil } from "@tidegate/testkit";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ChaosStack } from "../../load-tests/chaos/stack/chaos-stack.ts";
import type { GatewayNode } from "../../load-tests/chaos/stack/gateway-node.ts";

type Page = Awaited<ReturnType<Browser["newPage"]>>;

/** Several processes start on two cores that others use too, after nginx and Chromium have been installed. */
const START_MS = 240_000;
const TEST_MS = 90_000;
/** Patience with two busy cores. */
const HEARD_MS = 30_000;
/**
 * What nginx does by itself since 1.29.7. Before, it speaks HTTP/1.0 to servers, which uWebSockets.js refuses with 505.
 * Everything else about its proxying is as it comes, buffering above all.
 */
const DEFAULT_SINCE_1_29_7 = "proxy_http_version 1.1;";
const OPENED = 'tidegate_connections_opened_total{transport="sse"}';

let stack: ChaosStack;
let nginx: Nginx;
let browser: Browser;

beforeAll(async () => {
  const options = { nodes: 2, natsServers: 1, proxied: false, onProgress: () => {} } as const;
  [stack, browser] = await Promise.all([
    ChaosStack.start({ ...options, signal: AbortSignal.timeout(START_MS) }),
    launchChromium(),
  ]);
  nginx = await startNginx({ upstreamPorts: stack.ports, locationConfig: DEFAULT_SINCE_1_29_7 });
}, START_MS);

afterAll(async () => {
  await browser?.close();
  await nginx?.stop();
  await stack?.stop();
});

/** What the page below keeps. */
interface PageState {
  readonly opens: number;
  readonly errors: number;
  readonly said: readonly unknown[];
  readonly resets: readonly string[];
}

/** An ordinary page of the site that nginx serves, with nothing but an EventSource. */
async function openPage(): Promise<Page> {
  const token = await mintToken(
    { sub: "ada", grants: { subscribe: ["feed.*"] }, expiresInSeconds: 600 },
    DEVELOPMENT_KEY,
  );
  const page = await browser.newPage();
  await page.route("**/page", (route) =>
    route.fulfill({ contentType: "text/html", body: "<!doctype html>" }),
  );
  await page.goto(`${nginx.url}/page`);
  await page.evaluate((address) => {
    const state = { opens: 0, errors: 0, said: [] as unknown[], resets: [] as string[] };
    Object.assign(globalThis, { state });
    const source = new EventSource(address);
    source.onopen = () => {
      state.opens += 1;
    };
    source.onerror = () => {
      state.errors += 1;
    };
    source.onmessage = ({ data }) => {
      state.said.push(JSON.parse(data));
    };
    source.addEventListener("tidegate.reset", (event) => {
      state.resets.push(String((event as MessageEvent).data));
    });
  }, `/v1/sse?channels=feed.news&access_token=${token}`);
  return page;
}

function stateOf(page: Page): Promise<PageState> {
  return page.evaluate(() => (globalThis as unknown as { readonly state: PageState }).state);
}

/** Publishes as a backend does, and returns when the stream has it. */
async function say(number: number): Promise<void> {
  await stack.backend.request("rt.feed.news", JSON.stringify({ number }));
}

async function heard(page: Page, numbers: readonly number[]): Promise<void> {
  await expect
    .poll(async () => (await stateOf(page)).said, { timeout: HEARD_MS })
    .toEqual(numbers.map((number) => ({ number })));
}

/** The node that nginx chose for the stream: the only one that has had one. */
async function servingNode(): Promise<GatewayNode> {
  return waitUntil(async () => {
    for (const node of stack.nodes) {
      if (node.isRunning && ((await node.counts()).get(OPENED) ?? 0) > 0) {
        return node;
      }
    }
    return undefined;
  });
}

test("an EventSource behind an nginx with default settings hears at once, and misses nothing when its node is killed", {
  timeout: TEST_MS,
}, async () => {
  const page = await openPage();
  await expect.poll(async () => (await stateOf(page)).opens, { timeout: HEARD_MS }).toBe(1);
  await say(1);
  // One small message with nothing behind it: a proxy that buffers would keep it.
  await heard(page, [1]);
  await say(2);
  await heard(page, [1, 2]);

  const node = await servingNode();
  await node.kill();
  await say(3);
  await say(4);
  await heard(page, [1, 2, 3, 4]);
  await say(5);
  await heard(page, [1, 2, 3, 4, 5]);
  expect(await stateOf(page)).toMatchObject({ opens: 2, resets: [] });
  expect((await stateOf(page)).errors).toBeGreaterThanOrEqual(1);
  await page.close();
});
