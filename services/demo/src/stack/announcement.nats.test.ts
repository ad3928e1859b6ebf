import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import { connectPlainNats, startNats } from "@tidegate/testkit";
import { DEVELOPMENT_HOOK_SECRETS } from "@tidegate/webhooks";
import { expect, test } from "vitest";
import {
  announcement,
  curlCommand,
  hookCommand,
  listenCommands,
  natsCommand,
  publishCommand,
} from "./announcement.ts";

/** Runs a command as somebody would who copied it, and returns its exit code. */
async function paste(command: string): Promise<number | null> {
  const shell = spawn("/bin/sh", ["-c", command], { stdio: "ignore" });
  const [code] = (await once(shell, "exit")) as [number | null];
  return code;
}

const webhooks = {
  api: "http://127.0.0.1:4091",
  token: "d.e.f",
  hooks: "http://127.0.0.1:4090/hooks",
  secrets: DEVELOPMENT_HOOK_SECRETS,
};
const OPEN = { config: "", credentials: "" };
const WITH_PASSWORD = {
  config: `authorization { user: app, password: "it's \\"quoted\\"" }`,
  credentials: `app:${encodeURIComponent(`it's "quoted"`)}@`,
};

test.each([OPEN, WITH_PASSWORD])(
  "the publish that is printed reaches NATS and ends: $credentials",
  async (access) => {
    await using nats = await startNats({ own: true, config: access.config });
    const url = nats.url.replace("nats://", `nats://${access.credentials}`);
    const connection = await connectPlainNats(url);
    const messages = connection.subscribe("rt.chat.lobby", { max: 1 });
    await connection.flush();
    expect(await paste(publishCommand(url) ?? "false")).toBe(0);
    for await (const message of messages) {
      expect(message.json()).toEqual({ text: "hi" });
    }
    await connection.close();
  },
);

test("where NATS takes TLS, only its own command line is of use", () => {
  const stack = { gateways: [], token: "", page: "http://127.0.0.1:4000/", webhooks };
  expect(publishCommand("tls://nats.example:4222")).toBeUndefined();
  const text = announcement({ ...stack, nats: "tls://nats.example:4222" });
  expect(text.split(natsCommand("tls://nats.example:4222"))).toHaveLength(2);
  expect(text).not.toContain("undefined");
});

test("the curl that is printed posts a line", async () => {
  const arrived = Promise.withResolvers<{ request: IncomingMessage; body: string }>();
  const server = createServer(async (request, response) => {
    let body = "";
    for await (const chunk of request) {
      body += String(chunk);
    }
    response.end();
    arrived.resolve({ request, body });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" ? address?.port : undefined;
  expect(await paste(curlCommand(`http://127.0.0.1:${port}/`))).toBe(0);
  const { request, body } = await arrived.promise;
  server.close();
  expect([request.method, request.url, request.headers["content-type"]]).toEqual([
    "POST",
    "/say",
    "application/json",
  ]);
  expect(JSON.parse(body)).toEqual({ text: "hi from curl" });
});

test("everything of use is in the announcement", () => {
  const text = announcement({
    gateways: ["http://127.0.0.1:4080", "http://127.0.0.1:4081"],
    nats: "nats://127.0.0.1:4222",
    token: "a.b.c",
    page: "http://127.0.0.1:4000/",
    webhooks,
  });
  for (const part of [
    "http://127.0.0.1:4080",
    "http://127.0.0.1:4081",
    "nats://127.0.0.1:4222",
    "a.b.c",
    "http://127.0.0.1:4000/?node=2",
    hookCommand(webhooks),
    publishCommand("nats://127.0.0.1:4222") ?? "",
    natsCommand("nats://127.0.0.1:4222"),
    listenCommands(["http://127.0.0.1:4080", "http://127.0.0.1:4081"]),
  ]) {
    expect(text).toContain(part);
  }
  expect(text.split("\n").length).toBeLessThan(45);
});
