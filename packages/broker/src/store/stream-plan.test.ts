import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { HISTORY } from "../../testing/stream.ts";
import type { HistoryPolicy } from "./history-policy.ts";
import type { JsonObject } from "./json-object.ts";
import type { StreamInfo } from "./stream-info.ts";
import { planStream } from "./stream-plan.ts";
import { differenceText, streamDifferences, streamSpec } from "./stream-spec.ts";

const HOUR_MS = 3_600_000;

function spec(policy: Partial<HistoryPolicy> = {}) {
  return streamSpec("rt", "chat", { ...HISTORY, ...policy });
}

function info(config: JsonObject, content: Partial<StreamInfo> = {}): StreamInfo {
  return {
    epoch: "00000000",
    epochBump: "",
    config,
    messages: 10,
    bytes: 1_000,
    firstSequence: 1,
    lastSequence: 10,
    oldestAgeMs: 1_000,
    ...content,
  };
}

describe("a stream that is as it should be", () => {
  it("is left alone, with whatever else is set", () => {
    const config = {
      ...spec().config,
      compression: "s2",
      placement: { tags: ["eu"] },
      metadata: { team: "chat" },
    };
    const plan = planStream(spec(), info(config), false);
    expect(plan).toMatchObject({ action: "none", changes: [], losses: [] });
    expect(plan.config).toStrictEqual(config);
  });

  it("may list its subjects in another order and leave out what is false", () => {
    const { subjects, mirror_direct: _unset, ...config } = spec().config;
    const actual = { ...config, subjects: (subjects as string[]).toReversed(), sealed: false };
    expect(streamDifferences(spec(), actual)).toStrictEqual([]);
  });
});

describe("a stream that is missing", () => {
  it("is made", () => {
    const plan = planStream(spec(), undefined, false);
    expect(plan).toMatchObject({ action: "create", losses: [], config: spec().config });
    expect(plan.changes).toContain("max_age 1h");
  });
});

describe("a stream that is different", () => {
  it("is changed in what is ours and keeps the rest", () => {
    const actual = { ...spec().config, max_age: 0, compression: "s2", metadata: { team: "chat" } };
    const plan = planStream(spec(), info(actual), false);
    expect(plan).toMatchObject({ action: "update", changes: ["max_age 0ms -> 1h"] });
    expect(plan.config).toStrictEqual({ ...actual, max_age: HOUR_MS * 1_000_000 });
  });

  it.each<readonly [string, JsonObject, Partial<StreamInfo>, string | undefined]>([
    ["more time", { max_age: 60_000_000_000 }, {}, undefined],
    [
      "less time, with older messages",
      { max_age: 0 },
      { oldestAgeMs: 2 * HOUR_MS },
      "messages older than 1h",
    ],
    ["less time, with none older", { max_age: 0 }, { oldestAgeMs: HOUR_MS / 2 }, undefined],
    [
      "less time, with unknown messages",
      { max_age: 0 },
      { oldestAgeMs: undefined },
      "messages older than 1h",
    ],
    ["less time, without messages", { max_age: 0 }, { messages: 0, oldestAgeMs: undefined }, undefined],
    ["more messages", { max_msgs_per_subject: 5 }, { messages: 5_000 }, undefined],
    ["fewer messages", { max_msgs_per_subject: -1 }, { messages: 5_000 }, "all but the newest 1000"],
    ["fewer messages than there can be", { max_msgs_per_subject: -1 }, { messages: 1_000 }, undefined],
    ["less room", { max_bytes: -1 }, { bytes: 80_000_000 }, "12891136 bytes of 80000000"],
    ["less room than is used", { max_bytes: -1 }, { bytes: 1_000 }, undefined],
    ["other storage", { storage: "memory" }, {}, "all 10 messages"],
    ["other storage, empty", { storage: "memory" }, { messages: 0 }, undefined],
    ["a stream that is sealed", { sealed: true }, {}, "all 10 messages"],
  ])("loses what it must, and says so: %s", (_what, actual, content, loss) => {
    const { losses, action } = planStream(spec(), info({ ...spec().config, ...actual }, content), false);
    expect(losses.length).toBe(loss === undefined ? 0 : 1);
    expect(losses.join()).toContain(loss ?? "");
    const anew = "storage" in actual || "sealed" in actual;
    expect(action).toBe(anew ? "replace" : "update");
  });

  it("never loses anything without saying so, whatever its limits were", () => {
    const limit = (fields: fc.Arbitrary<number>) => fc.option(fields, { nil: undefined });
    fc.assert(
      fc.property(
        limit(fc.constantFrom(0, 1, 10)),
        limit(fc.constantFrom(-1, 10, 2_000)),
        limit(fc.constantFrom(-1, 10, 1_000_000_000)),
        (max_age, max_msgs_per_subject, max_bytes) => {
          const actual = { ...spec().config, max_age, max_msgs_per_subject, max_bytes };
          const full = { messages: 1e9, bytes: 1e12, oldestAgeMs: 1e12 };
          const { losses } = planStream(spec(), info(actual, full), false);
          const lower = [
            max_age === undefined || max_age === 0,
            max_msgs_per_subject !== 10,
            max_bytes !== 10,
          ].filter(Boolean);
          expect(losses.length).toBe(lower.length);
        },
      ),
    );
  });
});

describe("a new epoch", () => {
  it("is another one every time, and keeps the other metadata", () => {
    const actual = info({ ...spec().config, metadata: { team: "chat", "tidegate.epoch": "old" } });
    const plans = [planStream(spec(), actual, true), planStream(spec(), actual, true)];
    const epochs = plans.map(({ config }) => (config["metadata"] as JsonObject)["tidegate.epoch"]);
    expect(new Set([...epochs, "old"]).size).toBe(3);
    expect(plans[0]?.config["metadata"]).toMatchObject({ team: "chat" });
    expect(plans[0]).toMatchObject({
      action: "update",
      losses: [],
      changes: [expect.stringContaining("cursors")],
    });
  });
});

describe("differences in words", () => {
  it.each<readonly [JsonObject, string]>([
    [{ max_age: 90_000_000_000 }, "max_age is 90s, should be 1h"],
    [{ max_age: 1_500_000_000 }, "max_age is 1500ms, should be 1h"],
    [{ max_bytes: -1 }, "max_bytes is -1 bytes, should be 67108864 bytes"],
    [{ allow_direct: false }, "allow_direct is not set, should be true"],
    [{ mirror: { name: "x" } }, 'mirror is {"name":"x"}, should be not set'],
    [
      { republish: { src: "rt.>", dest: "rtout.>", headers_only: true } },
      'republish is {"src":"rt.>","dest":"rtout.>","headersOnly":true}, should be {"src":"rt.>","dest":"rtout.>"}',
    ],
  ])("%j", (actual, words) => {
    const differences = streamDifferences(spec(), { ...spec().config, ...actual });
    expect(differences.map(differenceText)).toStrictEqual([words]);
  });
});
