import { readFileSync } from "node:fs";
import { waitUntil } from "@tidegate/testkit";
import { expect, it } from "vitest";
import { startReceiver } from "./receiver.ts";
import { signedStandard, WebhookProcesses } from "./webhook-process.ts";

const OWN = [
  ...["queue", "messages", "attempts", "dead", "events"].map((name) => `rtwh_${name}`),
  ...["endpoints", "health", "checkpoints"].map((name) => `KV_rtwh_${name}`),
  "hook_in",
];

/** The subjects in the rows of the table, as the document shows them. */
function documented(): readonly string[] {
  const text = readFileSync(new URL("../../docs/webhooks.md", import.meta.url), "utf8");
  const section = text.slice(text.indexOf("## Permissions"));
  const rows = section.split("\n").filter((line) => line.startsWith("|"));
  const subjects = rows.flatMap((row) => [...row.matchAll(/`([^`]+)`/g)].map(([, subject = ""]) => subject));
  return subjects.flatMap((subject) =>
    subject.includes("<own>") ? OWN.map((stream) => subject.replace("<own>", stream)) : [subject],
  );
}

function configOf(publish: readonly string[]): string {
  return `
accounts {
  RT {
    jetstream: enabled
    users: [
      { user: "backend", password: "backend" }
      {
        user: "webhooks", password: "webhooks"
        permissions { publish: ${JSON.stringify(publish)}, subscribe: ["_INBOX_hooker.>"] }
      }
    ]
  }
}`;
}

it("needs no more permissions than the document lists", async () => {
  const publish = documented();
  expect(publish).toContain("$JS.API.STREAM.*.rtwh_queue");
  await using receiver = await startReceiver();
  await using processes = await WebhookProcesses.open(configOf(publish));
  const secret = `whsec_${Buffer.alloc(24, 5).toString("base64")}`;
  const { process, createEndpoint, hooks } = await processes.start({
    TIDEGATE_NODE_NAME: "hooker",
    TIDEGATE_NATS_USER: "webhooks",
    TIDEGATE_NATS_PASSWORD: "webhooks",
    TIDEGATE_WEBHOOKS_RETRY_PAUSES_MS: "100ms",
    TIDEGATE_HOOKS_PORT: "0",
    TIDEGATE_HOOKS_REPLICAS: "1",
    TIDEGATE_HOOKS_STORE_BYTES: "16MiB",
    TIDEGATE_HOOKS_SOURCES: JSON.stringify({
      pay: { scheme: "standard", secrets: [secret], channel: "shop.paid" },
    }),
  });
  for (const part of [
    { url: `${receiver.url}/any` },
    { url: `${receiver.url}/ordered`, ordering: "fifo" },
    // Fails, is tried again, and becomes a dead letter.
    { url: `${receiver.url}/failing` },
    // Is disabled by its answer, which is a lifecycle event.
    { url: `${receiver.url}/gone` },
    { url: `${receiver.url}/events`, channels: ["rtev.>"] },
  ]) {
    await createEndpoint({ channels: ["shop.>"], ...part });
  }
  await processes.publish("shop.a", "1");
  const body = '{"type":"paid"}';
  const answer = await fetch(`${hooks}/pay`, { method: "POST", body, headers: signedStandard(secret, body) });
  expect(answer.status).toBe(200);
  await waitUntil(() => ["/any", "/ordered"].every((path) => receiver.of(path).length === 2));
  await waitUntil(() => receiver.of("/failing").length === 4 && receiver.of("/events").length === 1);
  // Acknowledgements that are not allowed would be missed by nobody else.
  await waitUntil(async () => {
    const info = await processes.backend.request("$JS.API.STREAM.INFO.rtwh_queue", "");
    return info.json<{ state: { messages: number } }>().state.messages === 0;
  });
  process.signal("SIGTERM");
  expect((await process.exited).code).toBe(0);
  const complaints = process.lines.filter(({ text }) => /permission/i.test(text));
  expect(complaints).toEqual([]);
});
