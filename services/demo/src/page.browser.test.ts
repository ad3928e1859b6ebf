import { type Browser, connectPlainNats, launchChromium } from "@tidegate/testkit";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type SpawnedStack, spawnStack } from "./stack/spawn-stack.ts";

type Page = Awaited<ReturnType<Browser["newPage"]>>;

let stack: SpawnedStack;
let browser: Browser;

beforeAll(async () => {
  [stack, browser] = await Promise.all([spawnStack(), launchChromium()]);
}, 240_000);

afterAll(async () => {
  await browser?.close();
  await stack?.[Symbol.asyncDispose]();
});

/** A tab of somebody on a node, connected. What the page complains about fails the test. */
async function open(name: string, node: 1 | 2, complaints: string[]): Promise<Page> {
  const page = await browser.newPage();
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) {
      complaints.push(message.text());
    }
  });
  await page.goto(`${stack.page}?node=${node}`);
  await page.getByTestId("name").fill(name);
  await page.getByTestId("join").click();
  await page
    .getByTestId("state")
    .filter({ hasText: `Connected to n${node}` })
    .waitFor();
  return page;
}

async function say(page: Page, text: string): Promise<void> {
  await page.getByTestId("message").fill(text);
  await page.getByTestId("send").click();
}

function entry(page: Page, text: string) {
  return page.getByTestId("entry").filter({ hasText: text });
}

test("two tabs on two nodes talk to each other, to the bot, and hear what is published on NATS", async () => {
  const complaints: string[] = [];
  const ada = await open("ada", 1, complaints);
  const bob = await open("bob", 2, complaints);

  await say(ada, "can you hear me?");
  await entry(bob, "can you hear me?").waitFor();
  expect(await entry(bob, "can you hear me?").getAttribute("data-author")).toBe("ada");
  expect(await entry(ada, "can you hear me?").getAttribute("class")).toContain("own");
  await say(bob, "loud and clear");
  await entry(ada, "loud and clear").waitFor();

  await say(ada, "/bot hello");
  await ada.locator("[data-kind=bot]").filter({ hasText: "Ahoy, ada!" }).waitFor();
  expect(await entry(bob, "Ahoy").count()).toBe(0);

  const nats = await connectPlainNats(stack.nats);
  nats.publish("rt.chat.lobby", '{"text":"from a backend"}');
  await Promise.all([entry(ada, "from a backend").waitFor(), entry(bob, "from a backend").waitFor()]);
  await nats.close();

  const ticking = "#ticker-panel .state[data-state=connected]";
  await Promise.all([ada.locator(ticking).waitFor(), bob.locator(ticking).waitFor()]);
  expect(complaints).toEqual([]);
  await Promise.all([ada.close(), bob.close()]);
});

test("a name that needs more than ASCII is shown as it was given", async () => {
  const complaints: string[] = [];
  const zoe = await open("Zoë 水", 1, complaints);
  const bob = await open("bob", 2, complaints);
  await say(zoe, "hej");
  await entry(bob, "hej").waitFor();
  expect(await entry(bob, "hej").getAttribute("data-author")).toBe("Zoë 水");
  await say(zoe, "/bot hi");
  await zoe.locator("[data-kind=bot]").filter({ hasText: "Ahoy, Zoë 水!" }).waitFor();
  expect(complaints).toEqual([]);
  await Promise.all([zoe.close(), bob.close()]);
});

test("a payment and a push arrive on both nodes, signed and stored on their way", async () => {
  const complaints: string[] = [];
  const ada = await open("ada", 1, complaints);
  const bob = await open("bob", 2, complaints);
  const arrivals = (page: Page, text: string) =>
    page.getByTestId("arrivals").locator("li", { hasText: text });
  const connected = "#hooks .state[data-state=connected]";
  await Promise.all([ada.locator(connected).waitFor(), bob.locator(connected).waitFor()]);
  await ada.getByTestId("send-stripe").click();
  await ada.getByTestId("hook-answer").filter({ hasText: "stripe was answered with 200" }).waitFor();
  await Promise.all([arrivals(ada, "EUR for").waitFor(), arrivals(bob, "EUR for").waitFor()]);
  const attempts = ada.getByTestId("attempts").locator("li");
  await attempts.filter({ hasText: "answered with 503, again at" }).first().waitFor();
  await attempts.filter({ hasText: "#3" }).filter({ hasText: "answered with 204" }).waitFor();
  await bob.getByTestId("send-github").click();
  await Promise.all([arrivals(ada, "harbour/pilot").waitFor(), arrivals(bob, "harbour/pilot").waitFor()]);
  expect(complaints).toEqual([]);
  await Promise.all([ada.close(), bob.close()]);
});
