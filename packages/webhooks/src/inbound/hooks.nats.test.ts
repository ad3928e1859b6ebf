import { createHmac } from "node:crypto";
import { jetstreamManager } from "@nats-io/jetstream";
import { startNats, waitUntil } from "@tidegate/testkit";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { HookNames } from "./hook-store.ts";
import { provisionHookStream } from "./hook-stream.ts";
import { openHooks } from "./hooks.fixture.ts";
import { NOW_MS, NOW_SECONDS } from "./schemes/request.fixture.ts";
import {
  genuineRequest,
  OTHER_SECRET,
  SECRET,
  SENDERS,
  senderOf,
} from "./schemes/signed-requests.fixture.ts";

let server: Awaited<ReturnType<typeof ownServer>>;
const ownServer = () => startNats({ own: true });
beforeAll(async () => {
  server = await ownServer();
});
afterAll(() => server.stop());

let environments = 0;
/** Each test has a stream of its own. */
const freshSubject = () => `hook${++environments}.in`;
const now = () => NOW_MS;
const stripe = senderOf("stripe");
const github = senderOf("github");

const sourceOf = (scheme: string, more: object = {}) => ({
  scheme,
  secrets: [SECRET],
  ...(scheme === "twilio" ? { publicUrl: "https://example.com/hooks/test" } : {}),
  ...more,
});

describe("a delivery", () => {
  test("of every scheme is stored once, byte for byte, with what its consumers need", async () => {
    const subject = freshSubject();
    const sources = Object.fromEntries(SENDERS.map(({ name }) => [name, sourceOf(name)]));
    const hooks = await openHooks(server, { hooks: { subject, sources }, now });
    for (const sender of SENDERS) {
      const parts = genuineRequest(sender);
      for (const outcome of ["stored", "duplicate"]) {
        const answer = await hooks.send(sender.name, parts);
        expect([sender.name, outcome, answer.status]).toEqual([sender.name, outcome, 200]);
        expect(await answer.text()).toBe(sender.name === "twilio" ? "<Response/>" : "");
        const name = `tidegate_hooks_total{scheme="${sender.name}",outcome="${outcome}"}`;
        expect((await hooks.samples()).get(name)).toBe(1);
      }
    }
    const manager = await jetstreamManager(hooks.nats);
    const names = new HookNames(subject);
    expect((await manager.streams.info(names.stream)).state.messages).toBe(SENDERS.length);
    const stored = await manager.direct.getMessage(names.stream, {
      last_by_subj: names.deliveries("github"),
    });
    expect(stored?.string()).toBe(genuineRequest(github).body);
    expect(stored?.subject).toBe(names.delivery("github", "id:dlv_1"));
    const headers = Object.fromEntries(
      [...(stored?.header ?? [])].map(([name, values]) => [name, values[0]]),
    );
    expect(headers).toMatchObject({
      "Tidegate-Event": "a.b",
      "Tidegate-Hook-Source": "github",
      "Tidegate-Hook-Scheme": "github",
      "Tidegate-Hook-Id": "dlv_1",
      "Tidegate-Hook-Content-Type": "application/json",
    });
  });

  test("is stored once also when its repetitions come at the same time", async () => {
    const subject = freshSubject();
    const hooks = await openHooks(server, { hooks: { subject, sources: { pay: sourceOf("stripe") } }, now });
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => hooks.send("pay", genuineRequest(stripe))),
    );
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 20 }, () => 200));
    const samples = await hooks.samples();
    expect(samples.get('tidegate_hooks_total{scheme="stripe",outcome="stored"}')).toBe(1);
    expect(samples.get('tidegate_hooks_total{scheme="stripe",outcome="duplicate"}')).toBe(19);
  });

  test("is one of its source: the same id of another is another", async () => {
    const subject = freshSubject();
    const sources = { a: sourceOf("github"), b: sourceOf("github") };
    const hooks = await openHooks(server, { hooks: { subject, sources }, now });
    await hooks.send("a", genuineRequest(github));
    await hooks.send("b", genuineRequest(github));
    expect((await hooks.samples()).get('tidegate_hooks_total{scheme="github",outcome="stored"}')).toBe(2);
  });

  test("cannot be replayed under another id where the source goes by the body", async () => {
    const subject = freshSubject();
    const sources = { ci: sourceOf("github", { sameness: "body" }) };
    const hooks = await openHooks(server, { hooks: { subject, sources }, now });
    for (const id of ["dlv_1", "dlv_2"]) await hooks.send("ci", github.send(SECRET, NOW_SECONDS, id));
    const samples = await hooks.samples();
    expect(samples.get('tidegate_hooks_total{scheme="github",outcome="stored"}')).toBe(1);
    expect(samples.get('tidegate_hooks_total{scheme="github",outcome="duplicate"}')).toBe(1);
  });
});

describe("a repetition", () => {
  test("is recognised for 8 days by the sender's clock, signed anew as it is", async () => {
    const subject = freshSubject();
    let time = NOW_MS;
    const hooks = await openHooks(server, {
      hooks: { subject, sources: { pay: sourceOf("stripe") } },
      now: () => time,
    });
    for (const hours of [0, 1, 24, 72, 8 * 24 - 1]) {
      time = NOW_MS + hours * 3_600_000;
      const parts = stripe.send(SECRET, Math.floor(time / 1000), "evt_1");
      expect((await hooks.send("pay", parts)).status).toBe(200);
    }
    const samples = await hooks.samples();
    expect(samples.get('tidegate_hooks_total{scheme="stripe",outcome="stored"}')).toBe(1);
    expect(samples.get('tidegate_hooks_total{scheme="stripe",outcome="duplicate"}')).toBe(4);
    const { config } = await (await jetstreamManager(hooks.nats)).streams.info(new HookNames(subject).stream);
    expect(config).toMatchObject({
      max_age: 8 * 86_400 * 1e9,
      retention: "limits",
      discard: "new",
      max_msgs_per_subject: -1,
    });
  });

  test("is a new delivery once the stream has forgotten the first, and not before", async () => {
    const hooks = await openHooks(server, {
      hooks: { subject: freshSubject(), keepMs: 1_000, sources: { pay: sourceOf("stripe") } },
      now,
    });
    const stored = async () =>
      (await hooks.samples()).get('tidegate_hooks_total{scheme="stripe",outcome="stored"}');
    await hooks.send("pay", genuineRequest(stripe));
    await hooks.send("pay", genuineRequest(stripe));
    expect(await stored()).toBe(1);
    await waitUntil(async () => {
      await hooks.send("pay", genuineRequest(stripe));
      return (await stored()) === 2;
    });
  });
});

describe("while it cannot be stored", () => {
  test("a delivery is answered with 503, when the stream is full and not only then; a duplicate still with 200", async () => {
    const subject = freshSubject();
    const hooks = await openHooks(server, {
      hooks: { subject, storeBytes: 65_536, sources: { pay: sourceOf("stripe") } },
      now,
    });
    const send = (n: number) => hooks.send("pay", stripe.send(SECRET, NOW_SECONDS, `evt_${n}`));
    let count = 0;
    let last = await send(count);
    while (last.status === 200 && count < 1_000) last = await send(++count);
    expect(last.status).toBe(503);
    expect(last.headers.get("retry-after")).toBe("5");
    expect(count).toBeGreaterThan(10);
    expect((await send(0)).status).toBe(200);
    const { streams } = await jetstreamManager(hooks.nats);
    expect((await streams.info(new HookNames(subject).stream)).state.messages).toBe(count);

    await streams.delete(new HookNames(subject).stream);
    expect((await send(count + 1)).status).toBe(503);
    expect(hooks.lines.join("")).toContain("is missing or has no leader");
  });

  test("because NATS is down, nothing is accepted, and all is when it is back", async () => {
    const own = await ownServer();
    try {
      let connected = true;
      const hooks = await openHooks(own, {
        hooks: { subject: "hook.in", storeTimeoutMs: 300, sources: { pay: sourceOf("stripe") } },
        now,
        isConnected: () => connected,
      });
      await own.kill();
      // The link has not noticed yet: the acknowledgement does not come.
      expect((await hooks.send("pay", genuineRequest(stripe))).status).toBe(503);
      connected = false;
      expect((await hooks.send("pay", genuineRequest(stripe))).status).toBe(503);
      await own.restart();
      connected = true;
      await waitUntil(async () => (await hooks.send("pay", genuineRequest(stripe))).status === 200);
      const { state } = await (await jetstreamManager(hooks.nats)).streams.info("hook_in");
      expect(state.messages).toBe(1);
    } finally {
      await own.stop();
    }
  });
});

describe("what is not accepted", () => {
  test("gets one answer whatever is wrong with it, and the owner the reason", async () => {
    const sources = { pay: sourceOf("stripe"), ci: sourceOf("github"), chat: sourceOf("slack") };
    const hooks = await openHooks(server, {
      hooks: { subject: freshSubject(), sources, bodyBytes: 1_024 },
      now,
    });
    const old = stripe.send(SECRET, NOW_SECONDS - 1_000, "evt_1");
    const refusals = await Promise.all([
      hooks.send("pay", { body: "{}" }),
      hooks.send("pay", { body: "{}", headers: { "stripe-signature": "nonsense" } }),
      hooks.send("pay", old),
      hooks.send("pay", stripe.send(SECRET, NOW_SECONDS + 1_000, "evt_1")),
      hooks.send("pay", stripe.send(OTHER_SECRET, NOW_SECONDS, "evt_1")),
    ]);
    const shown = await Promise.all(
      refusals.map(async (answer) => {
        const { date: _, ...headers } = Object.fromEntries(answer.headers);
        return { status: answer.status, text: await answer.text(), headers };
      }),
    );
    expect(new Set(shown.map((one) => JSON.stringify(one))).size).toBe(1);
    expect(shown[0]).toMatchObject({ status: 401, text: "not accepted\n" });

    const statusOf = async (source: string, parts: object) => (await hooks.send(source, parts)).status;
    expect(await statusOf("none", { body: "{}" })).toBe(404);
    expect(await statusOf("pay/more", { body: "{}" })).toBe(404);
    expect(await statusOf("pay", { body: "{}", contentType: "text/plain" })).toBe(415);
    expect(await statusOf("pay", { body: "{}", headers: { "content-encoding": "gzip" } })).toBe(415);
    expect(await statusOf("pay", { body: "x".repeat(1_025) })).toBe(413);
    const get = await fetch(`http://127.0.0.1:${hooks.started.port}/hooks/pay`);
    expect([get.status, get.headers.get("allow")]).toEqual([405, "POST"]);
    const chunked = await fetch(`http://127.0.0.1:${hooks.started.port}/hooks/pay`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: new Blob(["x".repeat(1_000), "x".repeat(1_000)]).stream(),
      duplex: "half",
    } as RequestInit);
    expect(chunked.status).toBe(413);

    const samples = await hooks.samples();
    for (const outcome of ["missing_header", "malformed_header", "too_old", "too_new", "wrong_signature"]) {
      expect(samples.get(`tidegate_hooks_total{scheme="stripe",outcome="${outcome}"}`)).toBe(1);
      expect(hooks.lines.join("")).toContain(`"reason":"${outcome}"`);
    }
    expect(samples.get('tidegate_hooks_total{scheme="none",outcome="unknown_source"}')).toBe(2);
    expect(hooks.lines.join("")).not.toContain(SECRET.slice(6, 30));
  });

  test("fills no log: a reason is told once a minute, with how often it came", async () => {
    let time = NOW_MS;
    const hooks = await openHooks(server, {
      hooks: { subject: freshSubject(), sources: { pay: sourceOf("stripe") } },
      now: () => time,
    });
    for (let count = 0; count < 5; count += 1) await hooks.send("pay", { body: "{}" });
    expect(hooks.lines).toHaveLength(1);
    time += 60_000;
    await hooks.send("pay", { body: "{}" });
    expect(hooks.lines).toHaveLength(2);
    expect(JSON.parse(hooks.lines[1] ?? "")).toMatchObject({ source: "pay", sinceLastLine: 4 });
  });
});

test("Slack's challenge is answered and not stored", async () => {
  const subject = freshSubject();
  const hooks = await openHooks(server, { hooks: { subject, sources: { chat: sourceOf("slack") } } });
  const seconds = Math.floor(Date.now() / 1000);
  const body = JSON.stringify({ type: "url_verification", challenge: "abc" });
  const headers = {
    "x-slack-signature": `v0=${createHmac("sha256", SECRET).update(`v0:${seconds}:${body}`).digest("hex")}`,
    "x-slack-request-timestamp": String(seconds),
  };
  const answer = await hooks.send("chat", { body, headers });
  expect([answer.status, await answer.text()]).toEqual([200, "abc"]);
  const { state } = await (await jetstreamManager(hooks.nats)).streams.info(new HookNames(subject).stream);
  expect(state.messages).toBe(0);
});

test("secrets are changed while deliveries run, and none is lost", async () => {
  const subject = freshSubject();
  // As in a rollout: two processes, of which one knows both secrets already.
  const older = await openHooks(server, {
    hooks: { subject, sources: { pay: sourceOf("stripe", { secrets: [SECRET, OTHER_SECRET] }) } },
    now,
  });
  const newer = await openHooks(server, {
    hooks: { subject, sources: { pay: sourceOf("stripe", { secrets: [OTHER_SECRET] }) } },
    now,
  });
  for (let count = 0; count < 40; count += 1) {
    const secret = count < 20 ? SECRET : OTHER_SECRET;
    const hooks = count < 30 ? older : newer;
    const answer = await hooks.send("pay", stripe.send(secret, NOW_SECONDS, `evt_${count}`));
    expect([count, answer.status]).toEqual([count, 200]);
  }
  expect((await newer.send("pay", stripe.send(SECRET, NOW_SECONDS, "evt_x"))).status).toBe(401);
  const { state } = await (await jetstreamManager(newer.nats)).streams.info(new HookNames(subject).stream);
  expect(state.messages).toBe(40);
});

describe("a source with a channel", () => {
  test("shows its deliveries there, once each and byte for byte, with history and without", async () => {
    const subject = freshSubject();
    const sources = {
      pay: sourceOf("stripe", { channel: "payments.live" }),
      ci: sourceOf("github", { channel: "kept.ci" }),
      other: sourceOf("stripe"),
    };
    const hooks = await openHooks(server, { hooks: { subject, sources }, now });
    const manager = await jetstreamManager(hooks.nats);
    await manager.streams.add({ name: "kept", subjects: ["rt.kept.>"] });
    const seen: { channel: string; text: string; event: string | undefined; id: string | undefined }[] = [];
    hooks.nats.subscribe("rt.>", {
      callback: (_error, message) =>
        void seen.push({
          channel: message.subject,
          text: message.string(),
          event: message.headers?.get("Tidegate-Event"),
          id: message.headers?.get("Tidegate-Hook-Id"),
        }),
    });
    await hooks.nats.flush();
    for (let repetition = 0; repetition < 2; repetition += 1) {
      await hooks.send("pay", genuineRequest(stripe));
      await hooks.send("ci", genuineRequest(github));
      await hooks.send("other", genuineRequest(stripe));
    }
    await hooks.send("pay", stripe.send(SECRET, NOW_SECONDS, "evt_2"));
    await waitUntil(() => seen.length >= 3);
    expect(seen).toEqual([
      { channel: "rt.payments.live", text: genuineRequest(stripe).body, event: "a.b", id: "dlv_1" },
      { channel: "rt.kept.ci", text: genuineRequest(github).body, event: "a.b", id: "dlv_1" },
      { channel: "rt.payments.live", text: '{"id":"evt_2","type":"a.b"}', event: "a.b", id: "evt_2" },
    ]);
    expect((await manager.streams.info("kept")).state.messages).toBe(1);
  });

  test("gets what was stored by a process that ended right after, and by one without the channel", async () => {
    const subject = freshSubject();
    const first = await openHooks(server, {
      hooks: { subject, sources: { pay: sourceOf("stripe", { channel: "payments.late" }) } },
      now,
    });
    await first.started.drain();
    const plain = await openHooks(server, { hooks: { subject, sources: { pay: sourceOf("stripe") } }, now });
    await plain.send("pay", genuineRequest(stripe));
    const seen: string[] = [];
    plain.nats.subscribe("rt.payments.late", {
      callback: (_error, message) => void seen.push(message.string()),
    });
    await plain.nats.flush();
    await openHooks(server, {
      hooks: {
        subject,
        sources: {
          pay: sourceOf("stripe", { channel: "payments.late" }),
          ci: sourceOf("github", { channel: "x.y" }),
        },
      },
      now,
    });
    await waitUntil(() => seen.length > 0);
    expect(seen).toEqual([genuineRequest(stripe).body]);
  });
});

describe("the stream", () => {
  test("is made once by many, changed with the policy, and else left alone", async () => {
    const { nats } = await openHooks(server, { hooks: { subject: freshSubject(), sources: {} } });
    const manager = await jetstreamManager(nats);
    const names = new HookNames(freshSubject());
    const policy = { keepMs: 691_200_000, maxBytes: 1_048_576, replicas: 1 };
    await Promise.all(Array.from({ length: 8 }, () => provisionHookStream(manager, names, policy)));
    const { created } = await manager.streams.info(names.stream);
    await manager.streams.update(names.stream, { description: "the operator's own words" });
    await provisionHookStream(manager, names, policy);
    await provisionHookStream(manager, names, { ...policy, maxBytes: 2_097_152 });
    const info = await manager.streams.info(names.stream);
    expect(info.created).toBe(created);
    expect(info.config).toMatchObject({ max_bytes: 2_097_152, description: "the operator's own words" });
    await expect(provisionHookStream(manager, names, { ...policy, replicas: 3 })).rejects.toMatchObject({
      code: "unavailable",
    });
  });
});
