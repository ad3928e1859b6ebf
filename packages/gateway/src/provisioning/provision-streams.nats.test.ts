import { loadSettings } from "@tidegate/runtime";
import { connectPlainNats, startNats } from "@tidegate/testkit";
import { describe, expect, it, onTestFinished } from "vitest";
import { GATEWAY_SETTINGS } from "../settings/gateway-settings.ts";
import { provisionStreams } from "./provision-streams.ts";

const OPTIONS = { dryRun: false, allowDataLoss: false, newEpochs: [] };

async function ownServer() {
  const server = await startNats({ own: true });
  onTestFinished(() => server.stop());
  return server;
}

async function provision(url: string, namespaces: object, options: Partial<typeof OPTIONS> & object = {}) {
  const loaded = loadSettings(GATEWAY_SETTINGS, {
    environment: {},
    fileText: JSON.stringify({
      auth: { algorithms: ["HS256"] },
      nats: { servers: [url], startupDeadlineMs: 5_000 },
      namespaces,
    }),
    fileName: "tidegate.yaml",
  });
  if (!loaded.ok) throw new TypeError(JSON.stringify(loaded.problems));
  const said: string[] = [];
  const complained: string[] = [];
  const exitCode = await provisionStreams(
    loaded.settings,
    { ...OPTIONS, ...options },
    { say: (line) => said.push(line), complain: (line) => complained.push(line) },
  );
  return { exitCode, said, complained };
}

describe("provisioning the streams of a configuration", () => {
  it("shows what differs, then makes it; the second time there is nothing to do", async () => {
    const { url } = await ownServer();
    const namespaces = { chat: { history: { replicas: 1 } }, ticker: {} };
    const dry = await provision(url, namespaces, { dryRun: true });
    expect(dry).toMatchObject({ exitCode: 0, complained: [] });
    expect(dry.said[0]).toBe("rt_chat (namespace chat) will be made:");
    expect(dry.said).toContain("  max_age 1d");
    expect(dry.said.at(-1)).toBe("Nothing was changed.");

    const first = await provision(url, namespaces);
    expect(first.exitCode).toBe(0);
    expect(first.said.slice(0, -1)).toStrictEqual(dry.said.slice(0, -1));
    expect(first.said.at(-1)).toBe("rt_chat was made.");
    expect(await provision(url, namespaces)).toStrictEqual({
      exitCode: 0,
      said: ["rt_chat (namespace chat) is as it should be"],
      complained: [],
    });
  });

  it("changes nothing at all while one of the changes would delete messages, unless that is allowed", async () => {
    const { url } = await ownServer();
    const history = { replicas: 1 };
    await provision(url, { chat: { history }, feed: { history } });
    const client = await connectPlainNats(url);
    onTestFinished(() => client.close());
    for (let count = 0; count < 3; count++) await client.request("rt.chat.a", "x");

    const lower = {
      chat: { history: { ...history, messagesPerChannel: 2 } },
      feed: { history: { ...history, maxAge: "48h" } },
    };
    const refused = await provision(url, lower);
    expect(refused.exitCode).toBe(1);
    expect(refused.said).toStrictEqual([
      "rt_chat (namespace chat) will be changed:",
      "  max_msgs_per_subject 1000 -> 2",
      "  THIS DELETES all but the newest 2 messages of each channel",
      "rt_feed (namespace feed) will be changed:",
      "  max_age 1d -> 2d",
    ]);
    expect(refused.complained.join()).toContain("--allow-data-loss");
    expect((await provision(url, lower)).said).toStrictEqual(refused.said);

    expect(await provision(url, lower, { allowDataLoss: true })).toMatchObject({
      exitCode: 0,
      complained: [],
    });
    expect((await provision(url, lower)).said.join()).not.toContain("will be");
  });

  it("has nothing to do without history, and refuses an epoch of what keeps none", async () => {
    const nowhere = "nats://127.0.0.1:1";
    expect(await provision(nowhere, { ticker: {} })).toMatchObject({ exitCode: 0, complained: [] });
    expect(await provision(nowhere, { ticker: {} }, { newEpochs: ["ticker"] as never[] })).toMatchObject({
      exitCode: 1,
      complained: [expect.stringContaining("ticker")],
    });
  });

  it("says what keeps it from working", async () => {
    const { url } = await ownServer();
    const failed = await provision(url, { chat: { history: {} } });
    expect(failed.exitCode).toBe(1);
    expect(failed.complained.join()).toContain("set history.replicas to 1");
  });
});
