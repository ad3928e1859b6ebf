import { fileURLToPath } from "node:url";
import { type Browser, launchChromium, PATIENCE_MS } from "@tidegate/testkit";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type PageServer, startPageServer } from "./page-server.ts";
import { type Frame, ScriptedNode } from "./scripted-node.fixture.ts";

type Page = Awaited<ReturnType<Browser["newPage"]>>;

const TEN_MINUTES_MS = 600_000;

let browser: Browser;
let server: PageServer;
/** Most tests use one and the same, one after the other: a new one costs a second of a core. */
let sharedPage: Page;
let page: Page;
let arrivals: ScriptedNode[];
let wakeArrival: () => void;

beforeAll(async () => {
  browser = await launchChromium();
  server = await startPageServer({
    host: "127.0.0.1",
    port: 0,
    pageDirectory: fileURLToPath(new URL("../page/", import.meta.url)),
    gateways: ["http://127.0.0.1:4080", "http://127.0.0.1:4081"],
    isReady: () => true,
    say: () => true,
    onError: (error) => {
      throw error;
    },
  });
  sharedPage = await newPage();
});

afterAll(async () => {
  await browser?.close();
  await server?.close();
});

beforeEach(() => {
  arrivals = [];
  wakeArrival = () => {};
  page = sharedPage;
});

afterEach(async () => {
  if (page !== sharedPage) {
    await page.close();
    return;
  }
  // All that a tab remembers; and what has been left opens no more sockets.
  await page.evaluate("sessionStorage.clear()");
  await page.goto("about:blank");
});

async function newPage(): Promise<Page> {
  const opened = await browser.newPage();
  opened.setDefaultTimeout(PATIENCE_MS);
  // The feeds are not what is tested here, and whatever listens at those addresses is not ours. They are not answered
  // rather than refused: they would come again and again.
  await opened.route(/:408[01]\/v1\//, () => {});
  await opened.routeWebSocket(/\/v1\/ws$/, (route) => {
    const node = route.url().includes(":4080/") ? "n1" : "n2";
    arrivals.push(new ScriptedNode(node, route));
    wakeArrival();
  });
  return opened;
}

/** A page of which the test tells the time, which cannot be given back. */
async function takeClock(): Promise<void> {
  page = await newPage();
  await page.clock.install();
}

/** The next WebSocket that the page opens. */
async function arrival(): Promise<ScriptedNode> {
  for (;;) {
    const node = arrivals.shift();
    if (node !== undefined) {
      return node;
    }
    await new Promise<void>((resolve) => {
      wakeArrival = resolve;
    });
  }
}

async function join(connected: Frame = {}): Promise<ScriptedNode> {
  await page.goto(`${server.address}/?name=ada&join`);
  const node = await arrival();
  await node.accept(connected);
  await node.subscribe();
  await state("connected");
  return node;
}

function notice(text: string) {
  return page.getByTestId("notice").filter({ hasText: text });
}

async function state(kind: string): Promise<string> {
  const box = page.locator(`[data-testid=state][data-state=${kind}]`);
  await box.waitFor();
  return ((await box.textContent()) ?? "").trim();
}

function say(text: string): Promise<void> {
  return page
    .getByTestId("message")
    .fill(text)
    .then(() => page.keyboard.press("Enter"));
}

describe("the page", () => {
  test("connects with a token and asks for what was said last, once it has a name", async () => {
    await page.goto(`${server.address}/?node=2`);
    expect(await page.getByTestId("message").isVisible()).toBe(false);
    await page.getByTestId("name").fill("ada");
    await page.getByTestId("join").click();
    const node = await arrival();
    expect(node.node).toBe("n2");
    expect(await node.accept()).toEqual({
      type: "connect",
      id: 1,
      token: expect.stringMatching(/^ey/),
      batch: true,
    });
    expect(await node.subscribe()).toEqual({ type: "subscribe", id: 2, channel: "chat.lobby", replay: 30 });
    node.say("said before you came", "life0001-1");
    await page.getByTestId("entry").filter({ hasText: "said before you came" }).waitFor();
    expect(await state("connected")).toBe("Connected to n2");
  });

  test("says what is wrong with a name and lets it be changed", async () => {
    await page.goto(server.address);
    await page.getByTestId("name").fill("<ada>");
    await page.getByTestId("join").click();
    await page.getByRole("alert").filter({ hasText: "1 to 24" }).waitFor();
    await page.keyboard.type("ada");
    await page.keyboard.press("Enter");
    await (await arrival()).accept();
    await state("connected");
  });

  test("works by keyboard alone", async () => {
    await page.goto(server.address);
    await page.keyboard.type("ada");
    await page.keyboard.press("Enter");
    const node = await arrival();
    await node.accept();
    await state("connected");
    await page.keyboard.type("hello");
    await page.keyboard.press("Enter");
    expect((await node.next("publish"))["data"]).toEqual({ text: "hello" });
    await page.keyboard.type("roll");
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    expect((await node.next("request"))["data"]).toEqual({ text: "roll" });
    // The focus is where the next line is typed.
    await page.keyboard.type("more");
    await page.keyboard.press("Enter");
    expect((await node.next("publish"))["data"]).toEqual({ text: "more" });
  });

  test("shows what others write as text, never as markup", async () => {
    const node = await join();
    const text = '<img src=x onerror="document.title=1"><b>bold</b>';
    const message = { type: "message", channel: "chat.lobby", time: Date.now() };
    node.send({ ...message, data: { text }, from: { user: text, connection: "n2-9" } });
    const entry = page.getByTestId("entry");
    await entry.waitFor();
    expect(await entry.locator("img, b").count()).toBe(0);
    expect(await entry.locator(".text").textContent()).toBe(text);
    expect(await entry.locator(".author").textContent()).toBe(text);
    expect(await page.title()).toBe("Tidegate demo");
  });

  test("tells its own messages, those of others and those of backends apart", async () => {
    const node = await join();
    const send = (data: unknown, from?: Frame) =>
      node.send({ type: "message", channel: "chat.lobby", time: Date.now(), data, ...(from && { from }) });
    send({ text: "mine" }, { user: "ada", connection: "n1-1" });
    send({ text: "of another ada" }, { user: "ada", connection: "n2-7" });
    send({ text: "of a backend", name: "till" });
    send({ hi: 1 });
    send("plain words");
    const entries = page.getByTestId("entry");
    await entries.nth(4).waitFor();
    expect(await entries.evaluateAll((all) => all.map((entry) => entry.classList.contains("own")))).toEqual([
      true,
      false,
      false,
      false,
      false,
    ]);
    expect(await entries.evaluateAll((all) => all.map((entry) => entry.getAttribute("data-author")))).toEqual(
      ["ada", "ada", "till", "backend", "backend"],
    );
    expect(await entries.nth(3).locator(".text").textContent()).toBe('{"hi":1}');
    expect(await entries.nth(4).locator(".text").textContent()).toBe("plain words");
  });

  test("gives back what could not be sent, and says why", async () => {
    const node = await join();
    await say("too fast");
    const publish = await node.next("publish");
    node.send({
      type: "error",
      id: publish["id"],
      code: "rate_limited",
      message: "wait a second",
      retryable: true,
    });
    await page.getByTestId("notice").filter({ hasText: "Not sent: wait a second." }).waitFor();
    expect(await page.getByTestId("message").inputValue()).toBe("too fast");
  });

  test("asks the bot by /bot and by the button, and shows its answers", async () => {
    const node = await join();
    await say("/bot what time is it?");
    const typed = await node.next("request");
    expect(typed).toMatchObject({ method: "demo.bot", data: { text: "what time is it?" } });
    node.send({ type: "reply", id: typed["id"], data: { text: "Late." } });
    await page.locator("[data-kind=bot]").filter({ hasText: "Late." }).waitFor();
    await page.getByTestId("bot").click();
    const clicked = await node.next("request");
    expect(clicked["data"]).toEqual({ text: "help" });
    node.send({
      type: "error",
      id: clicked["id"],
      code: "no_responders",
      message: "nobody listens",
      retryable: true,
    });
    await page.getByTestId("notice").filter({ hasText: "nobody listens" }).waitFor();
  });

  test("notes quietly that messages may have been missed", async () => {
    const node = await join();
    node.send({ type: "error", code: "messages_missed", message: "x", retryable: false });
    await page.getByTestId("notice").filter({ hasText: "Some messages may have been missed." }).waitFor();
    await state("connected");
  });

  test("does not have what was said before read out", async () => {
    await page.goto(`${server.address}/?name=ada&join`);
    const node = await arrival();
    await node.accept();
    expect(await page.getByTestId("log").getAttribute("aria-busy")).toBe("true");
    await node.subscribe();
    node.say("old", "life0001-1");
    await page.locator("[data-testid=log][aria-busy=false]").waitFor();
  });

  test("knows its own messages again after a reload", async () => {
    const node = await join();
    const mine = { user: "ada", connection: "n1-1" };
    await page.reload();
    const again = await arrival();
    await again.accept();
    await again.subscribe();
    const message = { type: "message", channel: "chat.lobby", time: Date.now(), cursor: "life0001-1" };
    again.send({ ...message, data: { text: "mine" }, from: mine });
    await page.locator(".entry.own").filter({ hasText: "mine" }).waitFor();
    expect(node.node).toBe(again.node);
  });
});

describe("when it comes back, the page", () => {
  test("takes what it had missed in one frame, message by message", async () => {
    const node = await join();
    node.say("one\nand a half", "life0001-1");
    node.sayTogether([
      ["two", "life0001-2"],
      ["three\nand a half", "life0001-3"],
    ]);
    await page.getByTestId("entry").nth(2).waitFor();
    await node.close(4010);
    const next = await arrival();
    await next.accept();
    expect(await next.subscribe({ resumed: true })).toMatchObject({ since: "life0001-3" });
    next.sayTogether([
      ["four", "life0001-4"],
      ["five", "life0001-5"],
    ]);
    await notice("Resumed, 2 messages.").waitFor();
    expect(await page.locator(".entry .text").allTextContents()).toEqual([
      "one\nand a half",
      "two",
      "three\nand a half",
      "four",
      "five",
    ]);
  });

  test("goes on behind the last message it got, and says how many it had missed", async () => {
    const node = await join();
    node.say("one", "life0001-1");
    node.say("two", "life0001-2");
    await page.getByTestId("entry").nth(1).waitFor();
    await node.close(4010);
    const next = await arrival();
    await next.accept();
    expect(await next.subscribe({ resumed: true })).toMatchObject({ since: "life0001-2" });
    next.say("three", "life0001-3");
    next.say("four", "life0001-4");
    await notice("Resumed, 2 messages.").waitFor();
    expect(await page.getByTestId("entry").count()).toBe(4);
  });

  test("goes on from a checkpoint if nothing was said for long", async () => {
    const node = await join();
    node.send({ type: "ping", cursor: "life0001-9" });
    await node.close(4010);
    const next = await arrival();
    await next.accept();
    expect(await next.subscribe({ resumed: true })).toMatchObject({ since: "life0001-9" });
    await notice("Resumed, nothing missed.").waitFor();
  });

  test("begins anew after a reset, and shows nothing twice", async () => {
    const node = await join();
    node.say("of another life", "life0001-1");
    await page.getByTestId("entry").waitFor();
    await node.close(4010);
    const next = await arrival();
    await next.accept();
    await next.subscribe({ resumed: false, cursor: "life0002-1" });
    next.send({ type: "reset", channel: "chat.lobby", cursor: "life0002-1", reason: "epoch" });
    const unsubscribe = await next.next("unsubscribe");
    next.say("new", "life0002-2");
    next.send({ type: "unsubscribed", id: unsubscribe["id"], channel: "chat.lobby" });
    expect(await next.subscribe({ cursor: "life0002-0" })).toMatchObject({ replay: 30 });
    next.say("old", "life0002-1");
    next.say("new", "life0002-2");
    await notice("Reset: reloaded").waitFor();
    await page.getByTestId("entry").nth(1).waitFor();
    expect(await page.locator(".entry .text").allTextContents()).toEqual(["old", "new"]);
  });

  test("begins anew where its cursor is refused", async () => {
    const node = await join();
    node.say("one", "life0001-1");
    await page.getByTestId("entry").waitFor();
    await node.close(4010);
    const next = await arrival();
    await next.accept();
    const refused = await next.next("subscribe");
    next.send({ type: "error", id: refused["id"], code: "cursor_invalid", message: "x", retryable: false });
    expect(await next.subscribe()).toMatchObject({ replay: 30 });
    await notice("Reset: reloaded").waitFor();
  });
});

describe("when the connection is lost", () => {
  test("the page moves to the other node after the wait a leaving node asks for", async () => {
    const node = await join();
    node.send({ type: "draining", reconnect: 1200 });
    await node.close(4000, "draining");
    expect(await state("waiting")).toMatch(/^Reconnecting in [12] s$/);
    const next = await arrival();
    expect(next.node).toBe("n2");
    await next.accept();
    expect(await state("connected")).toBe("Connected to n2");
    expect(await page.getByTestId("node").inputValue()).toBe("2");
  });

  test("the page tries the same node once more, then the other", async () => {
    const node = await join();
    await node.close(4003);
    const second = await arrival();
    expect(second.node).toBe("n1");
    await second.close(1011);
    expect((await arrival()).node).toBe("n2");
  });

  test("the page stays away after a code that says so, with the reason", async () => {
    const node = await join();
    await node.close(4502, "the token is signed with another key");
    expect(await state("closed")).toBe("Closed: the token is signed with another key");
    // The user may still choose: that is a new beginning.
    await page.getByTestId("node").selectOption("2");
    expect((await arrival()).node).toBe("n2");
  });

  test("a message under way is sent again under its key, so that it is stored once", async () => {
    const node = await join();
    await say("did it arrive?");
    const publish = await node.next("publish");
    expect(publish["key"]).toMatch(/^[0-9a-f-]{36}$/);
    await node.close(4010);
    const next = await arrival();
    await next.accept();
    await next.subscribe({ resumed: true });
    const again = await next.next("publish");
    expect(again).toMatchObject({ key: publish["key"], data: { text: "did it arrive?" } });
    next.send({ type: "ok", id: again["id"], cursor: "life0001-1", duplicate: true });
    await notice("Resumed").waitFor();
    expect(await page.getByTestId("message").inputValue()).toBe("");
  });

  test("a message under way is given back if there is no coming back", async () => {
    const node = await join();
    await say("did it arrive?");
    await node.next("publish");
    await node.close(4502, "the token is signed with another key");
    await notice("connection was lost").waitFor();
    expect(await page.getByTestId("message").inputValue()).toBe("did it arrive?");
  });

  test("a link that went silent is given up", async () => {
    await takeClock();
    await join();
    await page.clock.runFor(70_000);
    const next = await arrival();
    await next.accept();
    await state("connected");
  });

  test("waiting can be cut short", async () => {
    const node = await join();
    node.send({ type: "draining", reconnect: 60_000 });
    await node.close(4000);
    await state("waiting");
    await page.getByRole("button", { name: "Try now" }).click();
    await (await arrival()).accept();
    await state("connected");
  });

  test("leaving ends it for good", async () => {
    const node = await join();
    await node.close(4010);
    await page.getByRole("button", { name: "Leave" }).click();
    expect(await state("idle")).toBe("Not connected");
    await page.getByTestId("name").waitFor();
  });
});

test("the page brings a new token before the old one expires, and keeps the connection", async () => {
  await takeClock();
  const node = await join({ pingInterval: TEN_MINUTES_MS });
  // The link must not look dead meanwhile.
  for (let minutes = 0; minutes < 50; minutes += 10) {
    node.send({ type: "ping" });
    await page.clock.runFor(TEN_MINUTES_MS);
  }
  const refresh = await node.next("refresh");
  expect(refresh["token"]).toMatch(/^ey/);
  node.send({ type: "ok", id: refresh["id"], expires: Date.now() + 3_600_000 });
  await state("connected");
  expect(arrivals).toEqual([]);
});
