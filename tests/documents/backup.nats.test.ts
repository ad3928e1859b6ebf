import { readFileSync } from "node:fs";
import { join } from "node:path";
import { connectPlainNats, type NatsConnection, waitUntil } from "@tidegate/testkit";
import { expect, it } from "vitest";
import { startReceiver } from "../webhooks/receiver.ts";
import { WebhookProcesses } from "../webhooks/webhook-process.ts";

/** On a machine that others use too, a process takes seconds until it has taken over. */
const PATIENCE_MS = 30_000;
const DOCUMENT = join(import.meta.dirname, "../../docs/disaster-recovery.md");
const STREAM = "rt_shop";
const AS_BACKEND = { TIDEGATE_NATS_USER: "backend", TIDEGATE_NATS_PASSWORD: "backend" };

interface Backup {
  /** Of the stream, as the server describes it. */
  readonly description: object;
  readonly chunks: readonly Uint8Array[];
}

/** Asks as a program does whose inbox is below `_INBOX_backup`. */
async function ask(nats: NatsConnection, subject: string, body: string | Uint8Array) {
  const reply = `_INBOX_backup.${crypto.randomUUID()}`;
  const answer = await nats.request(subject, body, { timeout: 5_000, noMux: true, reply });
  const text = answer.string();
  if (text.includes('"error"')) throw new TypeError(`${subject}: ${text}`);
  return text === "" ? {} : (JSON.parse(text) as Record<string, unknown>);
}

async function backUp(nats: NatsConnection): Promise<Backup> {
  const deliver = "_INBOX_backup.chunks";
  const incoming = nats.subscribe(deliver);
  const request = JSON.stringify({ deliver_subject: deliver });
  const { config, state } = await ask(nats, `$JS.API.STREAM.SNAPSHOT.${STREAM}`, request);
  const chunks: Uint8Array[] = [];
  for await (const chunk of incoming) {
    if (chunk.data.length === 0) break;
    chunks.push(chunk.data);
    chunk.respond();
  }
  return { description: { config, state }, chunks };
}

async function restore(nats: NatsConnection, { description, chunks }: Backup): Promise<void> {
  const answer = await ask(nats, `$JS.API.STREAM.RESTORE.${STREAM}`, JSON.stringify(description));
  for (const chunk of [...chunks, ""]) await ask(nats, String(answer["deliver_subject"]), chunk);
}

it("permits who makes backups to do so; a stream that is restored has another epoch, and webhooks get all of it", async () => {
  const [, user = ""] =
    /```\n(\{\n {2}user: backup[\s\S]*?\n\})\n```/.exec(readFileSync(DOCUMENT, "utf8")) ?? [];
  const users = `{ user: backend, password: backend }, ${user.replace("$NATS_BACKUP_PASSWORD", "backup")}`;
  await using receiver = await startReceiver();
  await using processes = await WebhookProcesses.open(
    `accounts { RT { jetstream: enabled, users: [${users}] } }`,
  );
  const { server, backend } = processes;
  await using backup = await connectPlainNats(server.url.replace("//", "//backup:backup@"));
  const created = async () => {
    const answer = await backend.request(`$JS.API.STREAM.INFO.${STREAM}`);
    return (answer.json() as { created: string }).created;
  };
  const received = (count: number) =>
    waitUntil(() => receiver.of("/hook").length === count, {
      timeoutMs: PATIENCE_MS,
      message: `${count} deliveries`,
    });

  const { process, createEndpoint } = await processes.start(AS_BACKEND);
  await createEndpoint({ url: `${receiver.url}/hook`, channels: ["shop.>"] });
  await processes.publish("shop.a", '"first"');
  await processes.publish("shop.a", '"second"');
  await received(2);
  process.signal("SIGTERM");
  await process.exited;

  const copy = await backUp(backup);
  const before = await created();
  await processes.publish("shop.a", '"lost"');
  await backend.request(`$JS.API.STREAM.DELETE.${STREAM}`);
  await restore(backup, copy);
  expect(await created()).not.toBe(before);

  await processes.start(AS_BACKEND);
  await received(4);
  expect(receiver.of("/hook").filter((body) => body.includes("second"))).toHaveLength(2);
  expect(receiver.of("/hook").filter((body) => body.includes("lost"))).toHaveLength(0);
});
