import { GrantSet } from "@tidegate/protocol";
import { describe, expect, it } from "vitest";
import { CLOSED_NAMESPACE, grants, identity, POLICIES } from "../testing/fake-node.ts";
import { isInternalChannel, NamespacePolicies, type NamespacePolicy } from "./namespace-policies.ts";

const policies = new NamespacePolicies(POLICIES);

describe("NamespacePolicies", () => {
  it.each([
    ["what the token grants", "subscribe", "chat.lobby", true],
    ["what neither token nor namespace grants", "subscribe", "jobs.new", false],
    ["what the namespace grants all users", "subscribe", "news.world", true],
    ["what the namespace grants, for another action", "publish", "news.world", true],
    ["a channel of a namespace that is not configured", "subscribe", "secret.a", false],
    ["a pattern within a grant", "subscribe", "chat.*", true],
    ["a pattern with a wildcard for the namespace", "subscribe", "*.lobby", false],
    ["everything", "subscribe", ">", false],
  ] as const)("judges %s", (_what, action, channel, expected) => {
    const principal = identity({
      grants: grants({ subscribe: ["chat.>", "secret.>", "*.lobby"], publish: ["chat.>"] }),
    });
    expect(policies.allows(principal, action, channel)).toBe(expected);
  });

  it("opens nothing beyond the configured namespaces, even to a token that grants everything", () => {
    const everything = identity({ grants: grants({ subscribe: [">"] }) });
    expect(policies.allows(everything, "subscribe", "secret.a")).toBe(false);
    expect(policies.allows(everything, "subscribe", ">")).toBe(false);
    expect(policies.allows(everything, "subscribe", "jobs.new")).toBe(true);
  });

  it("gives anonymous clients what is meant for them, and not what users have", () => {
    expect(policies.allows(undefined, "subscribe", "news.world")).toBe(true);
    expect(policies.allows(undefined, "publish", "news.world")).toBe(false);
    expect(policies.allows(undefined, "subscribe", "chat.lobby")).toBe(false);
  });

  it("does not give users what is meant for anonymous clients", () => {
    const open: NamespacePolicy = {
      ...CLOSED_NAMESPACE,
      anonymous: grants({ subscribe: ["open.>"] }),
    };
    const some = new NamespacePolicies(new Map([["open", open]]));
    expect(some.allows(undefined, "subscribe", "open.a")).toBe(true);
    expect(some.allows(identity({ grants: GrantSet.none }), "subscribe", "open.a")).toBe(false);
  });

  it("fills in the user's name, and never widens by it", () => {
    const own = new NamespacePolicies(
      new Map([
        [
          "user",
          {
            ...CLOSED_NAMESPACE,
            grants: grants({ subscribe: ["user.{sub}.>"] }),
          },
        ],
      ]),
    );
    const may = (user: string, channel: string): boolean =>
      own.allows(identity({ user, grants: GrantSet.none }), "subscribe", channel);
    expect(may("ada", "user.ada.inbox")).toBe(true);
    expect(may("ada", "user.bob.inbox")).toBe(false);
    expect(may("*", "user.bob.inbox")).toBe(false);
    expect(may("ada.x", "user.ada.x.inbox")).toBe(false);
  });

  it.each(["feed._tick", "feed._tick.a", "feed._tick.>", "chat._tick"])("opens %s to nobody", (channel) => {
    const everything = identity({ grants: grants({ subscribe: [">"], publish: [">"], history: [">"] }) });
    for (const action of ["subscribe", "publish", "history"] as const) {
      expect(policies.allows(everything, action, channel)).toBe(false);
    }
  });

  it.each(["feed._ticks", "feed.a._tick", "feed._tic", "feed", "feed._", "_tick"])(
    "takes %s for no channel of nodes",
    (channel) => {
      expect(isInternalChannel(channel)).toBe(false);
    },
  );

  it("knows which namespaces keep history", () => {
    const replayable = ["feed", "feed.a", "feed.*", "feed.>", "chat.a", "secret.a"];
    expect(replayable.filter((channel) => policies.isReplayable(channel))).toStrictEqual(
      replayable.slice(0, 4),
    );
  });

  it("says where messages of clients go, and nowhere unless configured", () => {
    expect(
      ["chat.a", "jobs.a", "news.a", "secret.a"].map((channel) => policies.laneOf(channel)),
    ).toStrictEqual(["direct", "backend", "none", "none"]);
  });

  it("admits anonymous clients only where they may do something", () => {
    expect(policies.admitsAnonymous).toBe(true);
    const closed = new Map([...POLICIES].filter(([name]) => name !== "news"));
    expect(new NamespacePolicies(closed).admitsAnonymous).toBe(false);
    expect(new NamespacePolicies(new Map()).admitsAnonymous).toBe(false);
  });
});
