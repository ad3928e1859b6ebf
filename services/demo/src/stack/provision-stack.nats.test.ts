import { connectPlainNats, startNats } from "@tidegate/testkit";
import { describe, expect, onTestFinished, test } from "vitest";
import { provisionStack } from "./provision-stack.ts";
import { Screen } from "./screen.ts";

/** A process starts on two cores that others use too. */
const PATIENCE_MS = 30_000;

async function setUp() {
  const server = await startNats({ own: true });
  onTestFinished(() => server.stop());
  const client = await connectPlainNats(server.url);
  onTestFinished(() => client.close());
  const said: string[] = [];
  const print = (text: string) => void said.push(text);
  const options = {
    signal: new AbortController().signal,
    environment: {},
    screen: new Screen({ json: false }, { out: print, err: print }),
  };
  return { server, client, said, options };
}

describe("provisioning the stack", { timeout: PATIENCE_MS }, () => {
  test("makes the streams of chat, feed and hooks, and nothing for ticker; once more changes nothing", async () => {
    const { server, client, said, options } = await setUp();
    await provisionStack(options, server.url);
    await provisionStack(options, server.url);
    expect(said).toHaveLength(2);
    const names = await client.request("$JS.API.STREAM.NAMES", "");
    expect(names.json()).toMatchObject({ streams: ["rt_chat", "rt_feed", "rt_hooks"] });
  });

  test("ends with what the command said when it fails", async () => {
    const { server, client, options } = await setUp();
    await client.request(
      "$JS.API.STREAM.CREATE.other",
      JSON.stringify({ name: "other", subjects: ["rt.>"] }),
    );
    await expect(provisionStack(options, server.url)).rejects.toMatchObject({
      code: "provisioning_failed",
      message: expect.stringContaining("another stream takes messages of these channels"),
    });
  });

  test("ends when it is interrupted", async () => {
    const { server, options } = await setUp();
    const interruption = new AbortController();
    await server.pause();
    const provisioning = provisionStack({ ...options, signal: interruption.signal }, server.url);
    interruption.abort(new Error("interrupted"));
    await expect(provisioning).rejects.toThrow("interrupted");
    await server.resume();
  });
});
