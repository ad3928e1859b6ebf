import { describe, expect, it } from "vitest";
import { NOW } from "../handlers/subscribe.ts";
import { wantedJoins } from "./wanted-joins.ts";

const policies = { isReplayable: (channel: string) => channel.startsWith("chat") };
const cursor = new Map([["epochabc", 7]]);

describe("the channels that a client wants from the start", () => {
  it("are those of the address and of connect, each once", () => {
    const joins = wantedJoins(
      { channels: ["chat.a", "chat.b"], since: undefined },
      ["chat.b", "chat.c"],
      policies,
    );
    expect(joins).toStrictEqual(["chat.a", "chat.b", "chat.c"].map((channel) => ({ channel, from: NOW })));
  });

  it("resume from the cursor of the address where they are replayable and of the address", () => {
    const joins = wantedJoins({ channels: ["chat.a", "ticker.a"], since: cursor }, ["chat.b"], policies);
    expect(joins.map(({ from }) => from.kind)).toStrictEqual(["since", "now", "now"]);
  });

  it("may be one, or none", () => {
    expect(wantedJoins({ channels: [], since: undefined }, ["chat.a"], policies)).toStrictEqual([
      { channel: "chat.a", from: NOW },
    ]);
    expect(wantedJoins({ channels: [], since: cursor }, [], policies)).toStrictEqual([]);
  });
});
