import { setTimeout as delay } from "node:timers/promises";
import { startNats, waitUntil } from "@tidegate/testkit";
import { Webhook } from "standardwebhooks";
import { afterAll, expect, it } from "vitest";
import { startApi } from "../../testing/api-client.ts";
import { type Received, startSink } from "../../testing/sink.ts";
import { startBackend } from "../../testing/webhook-world.ts";

const server = await startNats({ own: true });
afterAll(() => server.stop());

const ROOT = "/v1/webhooks/endpoints";
/** Within what `standardwebhooks` takes for the difference of clocks. */
const GRACE_SECONDS = 100;

function isSignedBy(secret: string, { body, headers }: Received, signature: string): boolean {
  try {
    new Webhook(secret).verify(body, { ...headers, "webhook-signature": signature } as never, {
      jsonParse: false,
    });
    return true;
  } catch {
    return false;
  }
}

/** The names of the secrets that signed, in the order of the header; a signature that is of none shows as `?`. */
function signers(received: Received, secrets: Readonly<Record<string, string>>): string {
  return String(received.headers["webhook-signature"])
    .split(" ")
    .map((one) => Object.entries(secrets).find(([, secret]) => isSignedBy(secret, received, one))?.[0] ?? "?")
    .join("+");
}

it("signs with both secrets from the rotation to the end of the grace, and in no moment with neither", async () => {
  let skipped = 0;
  await using backend = await startBackend(server.url, "rot");
  const now = () => Date.now() + skipped;
  await using api = await startApi(server.url, "rot", { retryPausesMs: [1_500, 1_500] }, now);
  // One message fails twice, so that its attempts are made under every set of secrets.
  let failures = 2;
  await using sink = await startSink(({ body }) => {
    if (body !== "failing" || failures === 0) return { status: 200 };
    failures -= 1;
    return { status: 500 };
  });
  const made = await api.call("POST", ROOT, { url: sink.url, channels: ["shop.>"] });
  const endpoint = `${ROOT}/${made.body.id}`;
  let published = 0;
  let publishing = true;
  const stream = (async () => {
    while (publishing) {
      await backend.publish("shop.orders", String(published));
      published += 1;
      // A stream, and not all that the machine can do.
      await delay(1);
    }
  })();
  /** What arrives from now on, without what may be under way already; nor before so many attempts for the message that fails. */
  const following = async (attempts: number): Promise<readonly Received[]> => {
    const from = sink.received.length + 20;
    await waitUntil(
      () => sink.received.length >= from + 100 && attemptsOfFailing(sink.received).length >= attempts,
    );
    return sink.received.slice(from);
  };
  const before = await following(0);
  await backend.publish("shop.orders", "failing");
  await waitUntil(() => attemptsOfFailing(sink.received).length === 1);
  const [{ id } = { id: "" }] = attemptsOfFailing(sink.received);
  const rotated = await api.call("POST", `${endpoint}/secrets`, { graceSeconds: GRACE_SECONDS });
  expect(rotated.status).toBe(201);
  const secrets = { old: made.body.secret, new: rotated.body.secrets[0].secret };
  const from = sink.received.length + 20;
  // The time of its third attempt has been decided then, by the clock as it is: NATS, which wakes it, does not skip.
  await waitUntil(async () => {
    const { body } = await api.call("GET", `${endpoint}/attempts?message=${id}`);
    return body.attempts.length === 2;
  });
  const during = sink.received.slice(from);
  skipped = (GRACE_SECONDS + 1) * 1_000;
  const after = await following(3);
  publishing = false;
  await stream;
  await waitUntil(() => new Set(sink.received.map(({ id }) => id)).size === published + 1);

  const kinds = (list: readonly Received[]) => [...new Set(list.map((one) => signers(one, secrets)))];
  expect([kinds(before), kinds(during), kinds(after)]).toEqual([["old"], ["new+old"], ["new"]]);
  expect(kinds(sink.received)).toEqual(["old", "new+old", "new"]);
  const failing = attemptsOfFailing(sink.received);
  expect(failing.every((one) => one.id === id)).toBe(true);
  expect(kinds(failing)).toEqual(["old", "new+old", "new"]);
  const listed = await api.call("GET", `${endpoint}/secrets`);
  expect(listed.body.secrets.map(({ secret }: { secret: string }) => secret)).toEqual([secrets.new]);
});

function attemptsOfFailing(received: readonly Received[]): readonly Received[] {
  return received.filter(({ body }) => body === "failing");
}

it("signs with every secret whose grace is not over, and with none of before when there was no grace", async () => {
  let skipped = 0;
  await using backend = await startBackend(server.url, "over");
  await using api = await startApi(server.url, "over", {}, () => Date.now() + skipped);
  await using sink = await startSink();
  const made = await api.call("POST", ROOT, { url: sink.url, channels: ["shop.>"] });
  const rotate = async (body: object): Promise<string> =>
    (await api.call("POST", `${ROOT}/${made.body.id}/secrets`, body)).body.secrets[0].secret;
  const secrets: Record<string, string> = { a: made.body.secret };
  const next = async (): Promise<string> => {
    const count = sink.received.length;
    await backend.publish("shop.a", "1");
    const received = (await sink.arrived(count + 1))[count];
    return received === undefined ? "" : signers(received, secrets);
  };
  secrets["b"] = await rotate({ graceSeconds: GRACE_SECONDS });
  secrets["c"] = await rotate({});
  expect(await next()).toBe("c+b+a");
  skipped = (GRACE_SECONDS - 5) * 1_000;
  expect(await next()).toBe("c+b+a");
  skipped = (GRACE_SECONDS + 1) * 1_000;
  expect(await next()).toBe("c+b");
  secrets["d"] = await rotate({ secret: `whsec_${Buffer.alloc(32, 7).toString("base64")}`, graceSeconds: 0 });
  expect(await next()).toBe("d");
});
