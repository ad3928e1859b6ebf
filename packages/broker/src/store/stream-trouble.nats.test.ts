import { cp, rename, rm } from "node:fs/promises";
import { setTimeout } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { ownServer, plainClient } from "../../testing/open-broker.ts";
import { openReader } from "../../testing/open-reader.ts";
import { jetStream, makeStream, put } from "../../testing/stream.ts";

describe("reads of a stream", () => {
  it("that does not exist say so, until it does", async () => {
    const server = await ownServer();
    const client = await plainClient(server.url);
    const { reader, stream } = await openReader(server.url);
    const missing = { code: "stream_missing", message: expect.stringContaining("rt_chat") };
    await expect(reader.state(0)).rejects.toMatchObject(missing);
    await expect(reader.head("chat.a")).rejects.toMatchObject(missing);
    await expect(reader.next("chat.a", 1)).rejects.toMatchObject(missing);
    await expect(reader.batch("chat.a", 1, 10, 1_000)).rejects.toMatchObject(missing);
    await expect(reader.heads("chat.>")).rejects.toMatchObject(missing);
    expect(stream.status).toStrictEqual({ kind: "missing" });

    await makeStream(client, "chat");
    expect(await reader.state(0)).toMatchObject({ lastSequence: 0 });
    expect(stream.status).toMatchObject({ kind: "fit", differences: [] });
    await jetStream(client, "STREAM.DELETE.rt_chat");
    await expect(reader.head("chat.a")).rejects.toMatchObject(missing);
    expect(stream.status).toStrictEqual({ kind: "missing" });
  });

  it.each([
    [{ allow_direct: false }, "allow_direct is not set, should be true"],
    [{ republish: undefined }, 'republish is not set, should be {"src":"rt.>","dest":"rtout.>"}'],
    [{ retention: "interest" }, "retention is interest, should be limits"],
    [{ subjects: ["rt.chat.>"] }, 'subjects is ["rt.chat.>"], should be ["rt.chat","rt.chat.>"]'],
    [{ no_ack: true }, "no_ack is true, should be not set"],
  ])("that cannot serve say what is wrong with it: %j", async (overrides, words) => {
    const server = await ownServer();
    const client = await plainClient(server.url);
    await makeStream(client, "chat", {}, overrides);
    const { reader, stream } = await openReader(server.url);
    await expect(reader.state(0)).rejects.toMatchObject({
      code: "stream_unfit",
      message: expect.stringContaining(words),
    });
    expect(stream.status).toStrictEqual({ kind: "unfit", differences: [words] });
  });

  it("that keeps something else than configured go on, and the difference is told", async () => {
    const server = await ownServer();
    const client = await plainClient(server.url);
    await makeStream(client, "chat", { maxAgeMs: 7_200_000, messagesPerChannel: 5 });
    const { reader, stream } = await openReader(server.url);
    // What holds is what the stream does, not what it should do.
    expect(await reader.state(0)).toMatchObject({ messagesPerChannel: 5 });
    expect(stream.status).toMatchObject({
      kind: "fit",
      differences: ["max_age is 2h, should be 1h", "max_msgs_per_subject is 5, should be 1000"],
    });
  });

  it("without direct gets fail by what the leader says is wrong", async () => {
    const server = await ownServer();
    const client = await plainClient(server.url);
    await makeStream(client, "chat", {}, { allow_direct: false });
    const { reader } = await openReader(server.url);
    await expect(reader.batch("chat.a", 1, 1, 1_000)).rejects.toMatchObject({ code: "stream_unfit" });
  });

  it("that are under way when the link breaks fail at once", async () => {
    const server = await ownServer();
    const client = await plainClient(server.url);
    await makeStream(client, "chat");
    const { reader, stream } = await openReader(server.url, { storeTimeoutMs: 60_000 });
    await reader.state(0);
    await server.pause();
    const reads = [
      reader.state(0),
      reader.head("chat.a"),
      reader.batch("chat.a", 1, 1, 1_000),
      reader.heads(["chat.a"]),
    ].map((read) => read.catch((error: unknown) => error));
    await server.kill();
    for (const error of await Promise.all(reads)) expect(error).toMatchObject({ code: "unavailable" });
    await expect(reader.head("chat.a")).rejects.toMatchObject({ code: "unavailable" });
    expect(stream.status).toMatchObject({ kind: "unreachable" });
  });

  it("that are not answered fail in time", async () => {
    const server = await ownServer();
    const client = await plainClient(server.url);
    await makeStream(client, "chat");
    const { reader } = await openReader(server.url, { storeTimeoutMs: 50 });
    await reader.state(0);
    await server.pause();
    const unavailable = { code: "unavailable" };
    await Promise.all([
      expect(reader.state(0)).rejects.toMatchObject(unavailable),
      expect(reader.head("chat.a")).rejects.toMatchObject(unavailable),
      expect(reader.batch("chat.a", 1, 1, 1_000)).rejects.toMatchObject(unavailable),
    ]);
    await server.resume();
  });

  it("without JetStream say that it is not there", async () => {
    const server = await ownServer({
      config: 'accounts { PLAIN { users: [{ user: "gw", password: "gw" }] } }\nno_auth_user: gw',
    });
    const { reader } = await openReader(server.url);
    await expect(reader.state(0)).rejects.toMatchObject({
      code: "unavailable",
      message: expect.stringContaining("JetStream not enabled"),
    });
  });

  it("that permissions forbid are denied, not waited for", async () => {
    const server = await ownServer({
      config: `
        accounts {
          RT {
            jetstream: enabled
            users: [
              { user: "all", password: "all" }
              {
                user: "gw", password: "gw"
                permissions: { publish: ["$JS.API.STREAM.INFO.rt_chat"], subscribe: [">"] }
              }
            ]
          }
        }
        no_auth_user: gw`,
    });
    const client = await plainClient(server.url.replace("//", "//all:all@"));
    await makeStream(client, "chat");
    const { reader, errors } = await openReader(server.url, { storeTimeoutMs: 60_000 });
    expect(await reader.state(0)).toMatchObject({ lastSequence: 0 });
    await expect(reader.head("chat.a")).rejects.toMatchObject({ code: "denied" });
    await expect(reader.batch("chat.a", 1, 1, 1_000)).rejects.toMatchObject({ code: "denied" });
    expect((await errors.match(({ code }) => code === "denied")).message).toContain("rt_chat");
  });
});

describe("a stream that has lost its newest messages", () => {
  it("is reported once: sequences of its epoch mean other messages now", async () => {
    const server = await ownServer();
    const client = await plainClient(server.url);
    await makeStream(client, "chat");
    const { reader, errors, stream } = await openReader(server.url);
    await put(client, "chat.a", "x");
    await server.kill();
    const copy = `${server.storeDir}-copy`;
    await cp(server.storeDir, copy, { recursive: true });
    await server.restart();
    const returned = await plainClient(server.url);
    for (let count = 0; count < 5; count++) await put(returned, "chat.a", "x");
    const before = await answered(() => reader.state(0));
    await server.kill();
    await rm(server.storeDir, { recursive: true });
    await rename(copy, server.storeDir);
    await server.restart();

    expect(await answered(() => reader.state(0))).toStrictEqual({ ...before, lastSequence: 1 });
    const error = await errors.match(({ code }) => code === "stream_unfit");
    expect(error.message).toContain("--new-epoch chat");
    await reader.state(0);
    expect(errors.items.filter(({ code }) => code === "stream_unfit").length).toBe(1);
    expect(stream.status).toMatchObject({ kind: "fit" });
  });
});

/** The first answer after an outage. */
async function answered<Answer>(ask: () => Promise<Answer>): Promise<Answer> {
  for (;;) {
    try {
      return await ask();
    } catch {
      await setTimeout(10);
    }
  }
}

describe("what is known of the streams", () => {
  it("is told when it changes, and looked at again after a reconnect", async () => {
    const server = await ownServer();
    const client = await plainClient(server.url);
    const { streams } = await openReader(server.url);
    const told: string[] = [];
    streams.onStatus((namespace, { kind }) => told.push(`${namespace} ${kind}`));
    await expect.poll(() => streams.statuses.get("chat")).toStrictEqual({ kind: "missing" });
    await makeStream(client, "chat");
    await server.restart();
    await expect.poll(() => told.at(-1)).toBe("chat fit");
    expect(new Set(told).size).toBe(told.filter((line, index) => line !== told[index - 1]).length);
  });
});
