import { fileURLToPath } from "node:url";
import { DEVELOPMENT_KEY } from "@tidegate/auth";
import { resolveBrokerOptions } from "@tidegate/broker";
import { createLogger, type RunningService } from "@tidegate/runtime";
import {
  type Browser,
  connectPlainNats,
  isProcessAlive,
  launchChromium,
  type NatsConnection,
  type NodeProcess,
  type OwnNatsServer,
  PATIENCE_MS,
  spawnNode,
  startNats,
} from "@tidegate/testkit";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { startDemoService } from "./demo-service.ts";
import { natsAccess } from "./nats-access.ts";

type Page = Awaited<ReturnType<Browser["newPage"]>>;

const CONFIG = fileURLToPath(new URL("../tidegate.yaml", import.meta.url));
const PROVISION = new URL("../../gateway/src/provision.ts", import.meta.url);
const GATEWAY = new URL("../../gateway/src/main.ts", import.meta.url);
const FEEDS = ["sse-panel", "long-poll-panel", "short-poll-panel"] as const;
const PANELS = ["ticker-panel", ...FEEDS] as const;
/** As after a dead network: who pauses asks at once. The pauses of short polling would be most of the time here. */
const ASK_NOW = 'dispatchEvent(new Event("online"))';
const LOOK = `({
  lists: ${JSON.stringify(FEEDS)}.map((panel) =>
    [...document.querySelectorAll("#" + panel + " .notices li")].map((item) => item.dataset.id)),
  verdict: document.getElementById("agreement").dataset.kind,
})`;
/** Two cores start two gateways, a backend and a browser, and others use them too. */
const STARTING_MS = 60_000;

interface Shown {
  /** Ids by feed, the newest first. */
  readonly lists: readonly (readonly string[])[];
  readonly verdict: string;
}

interface GatewayProcess {
  readonly process: NodeProcess;
  readonly port: number;
}

let nats: OwnNatsServer;
let plain: NatsConnection;
let gateways: GatewayProcess[] = [];
let backend: RunningService;
let address = "";
let browser: Browser;
let page: Page;
let complaints: string[];

beforeAll(async () => {
  nats = await startNats({ own: true });
  const started = launchChromium();
  await provision();
  gateways = await Promise.all([startGateway("n1", 0), startGateway("n2", 0)]);
  plain = await connectPlainNats(nats.url);
  ({ backend, address } = await startBackend());
  browser = await started;
}, STARTING_MS);

afterAll(async () => {
  await browser?.close();
  await backend?.drain(new AbortController().signal);
  await Promise.all(gateways.map(({ process }) => process.stop("SIGKILL")));
  await plain?.close();
  await nats?.stop();
});

beforeEach(async () => {
  complaints = [];
  await reviveGateways();
  page = await browser.newPage();
  page.setDefaultTimeout(PATIENCE_MS);
  page.on("pageerror", (error) => complaints.push(error.message));
});

afterEach(() => page.close());

/** The development stack ends with any of its processes, so the one here is put together by hand. */
async function provision(): Promise<void> {
  const command = await spawnNode(PROVISION, {
    args: ["--config", CONFIG],
    env: gatewayEnvironment("provision", 0),
  });
  const { code } = await command.exited;
  if (code !== 0) {
    throw new Error(command.lines.map(({ text }) => text).join("\n"));
  }
}

async function startGateway(name: string, port: number): Promise<GatewayProcess> {
  const process = await spawnNode(GATEWAY, {
    args: ["--config", CONFIG],
    env: gatewayEnvironment(name, port),
  });
  const line = await process.waitForLine('"listening"', STARTING_MS);
  return { process, port: (JSON.parse(line) as { readonly port: number }).port };
}

/** What a test has killed is back for the next one, at the address that the page knows. */
async function reviveGateways(): Promise<void> {
  gateways = await Promise.all(
    gateways.map(({ process, port }, index) =>
      isProcessAlive(process.pid) ? { process, port } : startGateway(`n${index + 1}`, port),
    ),
  );
}

function gatewayEnvironment(name: string, port: number): Record<string, string> {
  return {
    TIDEGATE_NODE_NAME: name,
    TIDEGATE_NATS_SERVERS: nats.url,
    TIDEGATE_LISTEN_PORT: String(port),
    TIDEGATE_OPERATIONS_PORT: "0",
    TIDEGATE_AUTH_SECRET: DEVELOPMENT_KEY.secret,
    TIDEGATE_LOG_PRETTY: "false",
  };
}

async function startBackend(): Promise<{ backend: RunningService; address: string }> {
  const lines: string[] = [];
  const logger = createLogger({
    name: "demo",
    level: "info",
    destination: { write: (line: string) => lines.push(line) },
  });
  const running = await startDemoService(
    {
      gateways: gateways.map(({ port }) => `http://127.0.0.1:${port}`),
      hooks: undefined,
      webhookApi: undefined,
      host: "127.0.0.1",
      port: 0,
    },
    resolveBrokerOptions({ ...natsAccess(nats.url), name: "demo" }),
    logger,
    new AbortController().signal,
  );
  return { backend: running, address: /http:\/\/127\.0\.0\.1:\d+/.exec(lines.join(""))?.[0] ?? "" };
}

/** The page with every panel connected. */
async function open(search = ""): Promise<void> {
  await page.goto(`${address}/${search}`);
  await connected();
}

async function connected(): Promise<void> {
  await Promise.all(PANELS.map((panel) => page.locator(`#${panel} .state[data-state=connected]`).waitFor()));
}

/** What a panel shows, the newest first. */
function shown(panel: string): Promise<string[]> {
  return page
    .locator(`#${panel} .notices li`)
    .evaluateAll((items) => items.map((item) => item.getAttribute("data-id") ?? ""));
}

/** What all feeds show, once they and the page say that it is the same and this is among it. */
async function agreed(id: string): Promise<readonly string[]> {
  let ids: readonly string[] = [];
  const look = async () => {
    await page.evaluate(ASK_NOW);
    // At one moment: the backend publishes by itself, too.
    const { lists, verdict } = await page.evaluate<Shown>(LOOK);
    [ids = []] = lists;
    return verdict === "agree" && ids.includes(id) && lists.every((list) => list.join() === ids.join());
  };
  await expect.poll(look).toBe(true);
  return ids;
}

/** Has the backend publish a notification, as anybody on NATS can; returns its id. */
async function notify(): Promise<string> {
  const reply = await plain.request("rpc.demo.notify", "", { timeout: 5000 });
  return reply.json<{ readonly id: string }>().id;
}

/** Resolves with the next notification, whoever had it published. */
function nextNotice(): Promise<void> {
  return new Promise((resolve) => {
    plain.subscribe("rt.feed.demo", { max: 1, callback: () => resolve() });
  });
}

function outcomes(): Promise<string[]> {
  return page.locator(".panel .outcome").allTextContents();
}

function nodes(): Promise<string[]> {
  return page
    .locator(".panel select")
    .evaluateAll((all) =>
      all.map(
        (select) =>
          (select as unknown as { selectedOptions: { text: string }[] }).selectedOptions[0]?.text ?? "",
      ),
    );
}

/** `n` of an id that ends in `-n`: in a row, if nothing is missing. */
function isGapless(ids: readonly string[]): boolean {
  const numbers = ids.map((id) => Number(id.split("-").at(-1)));
  return numbers.every((number, index) => index === 0 || number === (numbers[index - 1] ?? 0) - 1);
}

describe("the feeds of the page", () => {
  test("show the same notifications over three transports, those from before too", async () => {
    const before = await notify();
    await open();
    expect(await nodes()).toEqual(["n1", "n2", "n1", "n2"]);
    expect(isGapless(await agreed(before))).toBe(true);

    await page.getByTestId("notify").click();
    await page.locator("#sse-panel li.new").waitFor();
    const [newest = ""] = await shown("sse-panel");
    expect(newest).not.toBe(before);
    expect(isGapless(await agreed(newest))).toBe(true);
    expect(complaints).toEqual([]);
  });

  test("tick without a token", async () => {
    await open("?node=2");
    const price = page.locator(".ticker-price");
    const first = await price.textContent();
    expect(first).toMatch(/^(\d+\.\d\d|–)$/);
    await expect.poll(() => price.textContent()).not.toBe(first);
    await page.locator("polyline[points*=',']").waitFor({ state: "attached" });
  });

  test("come back on the other node with what they missed when all connections are lost", async () => {
    await page.clock.install();
    await open("?name=ada&join");
    await page.getByTestId("state").filter({ hasText: "Connected to n1" }).waitFor();
    await agreed(await notify());
    // The time of the page stands still, so that it is away until everything has been said.
    await page.clock.pauseAt((await page.evaluate<number>("Date.now()")) + 1_000);
    const noticed = nextNotice();
    await plain.flush();
    await page.getByTestId("lose").click();
    plain.publish("rt.chat.lobby", '{"text":"said while you were away"}');
    await plain.flush();
    await noticed;
    await page.clock.resume();
    await expect.poll(outcomes).toEqual(FEEDS.map(() => expect.stringMatching(/^resumed, [1-9] messages?$/)));
    expect(await nodes()).toEqual(["n2", "n1", "n2", "n1"]);
    const [newest = ""] = await shown("sse-panel");
    expect(isGapless(await agreed(newest))).toBe(true);

    await page.getByTestId("state").filter({ hasText: "Connected to n2" }).waitFor();
    await page.getByTestId("notice").filter({ hasText: "Resumed, 1 message." }).waitFor();
    expect(await page.getByTestId("entry").filter({ hasText: "said while you were away" }).count()).toBe(1);
    expect(complaints).toEqual([]);
  });

  test("let go of their connections while nobody looks, and resume when somebody does", async () => {
    await page.clock.install();
    await open();
    await agreed(await notify());
    const look = (hidden: boolean) =>
      page.evaluate(`Object.defineProperty(document, "hidden", { configurable: true, get: () => ${hidden} });
        document.dispatchEvent(new Event("visibilitychange"));`);
    await look(true);
    await page.clock.runFor(6_000);
    await page.locator("#sse-panel .state[data-state=idle]").waitFor();
    const missed = await notify();
    await look(false);
    await connected();
    await page.clock.runFor(1_000);
    expect(isGapless(await agreed(missed))).toBe(true);
  });

  test("begin anew when the store does, and say so", async () => {
    await open();
    const old = await notify();
    await agreed(old);
    await plain.request("$JS.API.STREAM.DELETE.rt_feed", "", { timeout: 5000 });
    await provision();
    const first = await notify();
    await expect.poll(outcomes, { timeout: 60_000 }).toEqual(FEEDS.map(() => "reset: reloaded"));
    expect(await agreed(first)).not.toContain(old);
  }, 90_000);

  test("all move where they are told to", async () => {
    await open();
    await page.getByTestId("every-node").selectOption("n2");
    await expect.poll(nodes).toEqual(["n2", "n2", "n2", "n2"]);
    await connected();
    await agreed(await notify());
  });
});

test("when a node is killed, its panels go on with the other one, and nothing is lost or shown twice", async () => {
  const [n1] = gateways;
  await open("?name=ada&join");
  await page.getByTestId("every-node").selectOption("n1");
  await connected();
  await agreed(await notify());

  n1?.process.signal("SIGKILL");
  await n1?.process.exited;
  await notify();
  plain.publish("rt.chat.lobby", '{"text":"said while n1 was dead"}');
  await notify();
  await expect.poll(nodes).toEqual(["n2", "n2", "n2", "n2"]);
  await connected();
  const ids = await agreed(await notify());
  expect(isGapless(ids)).toBe(true);
  expect(new Set(ids).size).toBe(5);
  await page.getByTestId("entry").filter({ hasText: "said while n1 was dead" }).waitFor();
  expect(complaints).toEqual([]);
});
