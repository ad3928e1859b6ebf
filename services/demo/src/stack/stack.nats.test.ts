import { execFileSync } from "node:child_process";
import { connect } from "node:net";
import { createTokenVerifier, DEVELOPMENT_KEY } from "@tidegate/auth";
import { connectPlainNats, openClient } from "@tidegate/testkit";
import { DEVELOPMENT_HOOK_SECRETS } from "@tidegate/webhooks";
import { describe, expect, test } from "vitest";
import { type SpawnedStack, spawnStack } from "./spawn-stack.ts";

/** Several processes start on two cores that others use too. */
const PATIENCE_MS = 60_000;

/** Every process below this one. */
function descendants(pid: number): readonly number[] {
  const children = new Map<number, number[]>();
  const table = execFileSync("ps", ["-A", "-o", "pid=,ppid="], { encoding: "utf8" });
  for (const line of table.trim().split("\n")) {
    const [child = 0, parent = 0] = line.trim().split(/\s+/).map(Number);
    children.set(parent, [...(children.get(parent) ?? []), child]);
  }
  const below = (parent: number): number[] =>
    (children.get(parent) ?? []).flatMap((child) => [child, ...below(child)]);
  return below(pid);
}

/** The one of these processes that runs this; the shells that watch over them have it in their arguments too. */
function processWith(words: string, pids: readonly number[]): number {
  for (const line of execFileSync("ps", ["-A", "-o", "pid=,args="], { encoding: "utf8" }).split("\n")) {
    const pid = Number.parseInt(line, 10);
    if (pids.includes(pid) && line.includes(words) && !/^ *\d+ \S*sh /.test(line)) {
      return pid;
    }
  }
  throw new Error(`none of the processes runs ${words}`);
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

function accepts(address: string): Promise<boolean> {
  const { hostname, port } = new URL(address);
  return new Promise((resolve) => {
    const socket = connect(Number(port), hostname);
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}

function addresses({ gateways, nats, page, webhooks }: SpawnedStack): readonly string[] {
  return [...gateways, nats, page, webhooks.hooks, webhooks.api];
}

async function expectNothingLeft(pids: readonly number[], stack: SpawnedStack): Promise<void> {
  expect(pids.length).toBeGreaterThanOrEqual(5);
  await expect.poll(() => pids.filter(exists)).toEqual([]);
  expect(await Promise.all(addresses(stack).map(accepts))).toEqual([
    false,
    false,
    false,
    false,
    false,
    false,
  ]);
}

function openConnection(gateway: string | undefined, path = "/v1/ws") {
  return openClient(`${gateway?.replace("http", "ws")}${path}`, { protocols: ["tidegate.v1"] });
}

describe("npm start -- --json", { timeout: 2 * PATIENCE_MS }, () => {
  test("prints one line with everything that a program needs, all of it works, and Ctrl-C drains it", async () => {
    await using stack = await spawnStack();
    const printed = stack.process.lines.filter(({ stream }) => stream === "stdout");
    expect(printed).toHaveLength(1);
    expect(JSON.parse(printed[0]?.text ?? "")).toEqual({
      gateways: [expect.stringMatching(/^http:\/\//), expect.stringMatching(/^http:\/\//)],
      nats: expect.stringMatching(/^nats:\/\//),
      token: expect.any(String),
      page: expect.stringMatching(/^http:\/\//),
      webhooks: {
        api: expect.stringMatching(/^http:\/\//),
        token: expect.any(String),
        hooks: expect.stringMatching(/^http:\/\/.*\/hooks$/),
        secrets: DEVELOPMENT_HOOK_SECRETS,
      },
    });
    expect((await fetch(stack.page)).status).toBe(200);

    const verifier = await createTokenVerifier({ algorithms: ["HS256"], keys: [DEVELOPMENT_KEY] });
    const verified = await verifier.verify(stack.token);
    if (!verified.ok) {
      throw new Error(verified.message);
    }
    const { grants, user } = verified.identity;
    for (const namespace of ["chat", "feed", "ticker"]) {
      for (const action of ["subscribe", "publish", "history"] as const) {
        expect([namespace, action, grants.allows(action, `${namespace}.a.b`, user)]).toEqual([
          namespace,
          action,
          true,
        ]);
      }
    }
    expect(grants.allows("request", "demo.echo", user)).toBe(true);
    expect(grants.allows("request", "other.echo", user)).toBe(false);

    await using first = openConnection(stack.gateways[0]);
    await using second = openConnection(stack.gateways[1]);
    await Promise.all([first.opened, second.opened]);
    const channels = ["chat.lobby", "feed.news", "ticker.test"];
    first.send({ type: "connect", id: 1, token: stack.token, channels });
    second.send({ type: "connect", id: 1, token: stack.token });
    expect(await first.next("connected")).toMatchObject({ node: "n1", user });
    expect(await second.next("connected")).toMatchObject({ node: "n2", user });
    for (const channel of channels) {
      await first.next((message) => message.type === "subscribed" && message["channel"] === channel);
    }
    for (const [index, channel] of channels.entries()) {
      second.send({ type: "publish", id: index + 2, channel, data: { n: index } });
      expect(await first.next("message")).toMatchObject({ channel, data: { n: index } });
    }
    second.send({ type: "request", id: 9, method: "demo.echo", data: { echo: true } });
    expect(await second.next("reply")).toMatchObject({ id: 9, data: { echo: true } });

    const nats = await connectPlainNats(stack.nats);
    nats.publish("rt.chat.lobby", '{"text":"plain"}');
    expect(await first.next("message")).toMatchObject({ channel: "chat.lobby", data: { text: "plain" } });
    await nats.close();

    first.send({ type: "subscribe", id: 10, channel: "hooks.ci" });
    await first.next((message) => message.type === "subscribed" && message["channel"] === "hooks.ci");
    second.send({ type: "request", id: 11, method: "demo.callback", data: { sender: "github" } });
    expect(await second.next("reply")).toMatchObject({ id: 11, data: { status: 200 } });
    const arrived = await first.next("message");
    expect(arrived).toMatchObject({ channel: "hooks.ci", event: "push", data: { ref: "refs/heads/main" } });
    second.send({ type: "request", id: 12, method: "demo.callback", data: { sender: "stripe" } });
    expect(await second.next("reply")).toMatchObject({ id: 12, data: { status: 200 } });

    const { api, token } = stack.webhooks;
    const listed = await fetch(`${api}/v1/webhooks/endpoints`, {
      headers: { authorization: `Bearer ${token}` },
    });
    expect([listed.status, await listed.json()]).toMatchObject([
      200,
      { endpoints: [{ channels: ["hooks.payments"] }] },
    ]);

    await using anonymous = openConnection(stack.gateways[0], "/v1/ws?channels=ticker.price");
    expect(await anonymous.next("message")).toMatchObject({
      channel: "ticker.price",
      data: { symbol: "TIDE" },
    });

    // The clients are told before they are closed.
    stack.process.signal("SIGINT");
    expect(await first.next("draining")).toMatchObject({ reconnect: expect.any(Number) });
    expect(await first.closed).toMatchObject({ code: 4000 });
    expect(await stack.process.exited).toEqual({ code: 0, signal: null });
    expect(stack.process.lines.filter(({ stream }) => stream === "stdout")).toHaveLength(1);
  });

  test("runs beside another stack, and leaves nothing behind after SIGTERM or SIGKILL", async () => {
    const [first, second] = await Promise.all([spawnStack(), spawnStack()]);
    try {
      const all = [...addresses(first), ...addresses(second)];
      expect(new Set(all).size).toBe(12);
      expect(await Promise.all(all.map(accepts))).toEqual(all.map(() => true));

      const ofFirst = descendants(first.process.pid);
      const ofSecond = descendants(second.process.pid);
      expect(await first.process.stop("SIGTERM", PATIENCE_MS)).toEqual({ code: 0, signal: null });
      await expectNothingLeft(ofFirst, first);
      expect(await Promise.all(addresses(second).map(accepts))).toEqual([true, true, true, true, true, true]);

      second.process.signal("SIGKILL");
      await second.process.exited;
      await expectNothingLeft(ofSecond, second);
    } finally {
      await Promise.all([first.process.stop("SIGKILL"), second.process.stop("SIGKILL")]);
    }
  });

  // One of those that are watched in the same way: a stack takes ten seconds of CPU.
  test.each([
    ["services/webhooks/src/main.ts", /webhooks was ended by SIGKILL/],
    ["nats-server --config", /NATS ended/],
  ])("stops everything and fails when %s dies", async (command, words) => {
    await using stack = await spawnStack();
    const pids = descendants(stack.process.pid);
    process.kill(processWith(command, pids), "SIGKILL");
    expect(await stack.process.exited).toEqual({ code: 1, signal: null });
    expect(stack.process.lines.map(({ text }) => text).join("\n")).toMatch(words);
    await expectNothingLeft(pids, stack);
  });
});
