import fc from "fast-check";
import { describe, expect, test } from "vitest";

interface FeedAgreement {
  readonly compareFeeds: (
    feeds: readonly (readonly string[])[],
  ) =>
    | { readonly kind: "agree"; readonly common: number }
    | { readonly kind: "behind"; readonly behind: readonly number[] }
    | { readonly kind: "differ" };
}

const { compareFeeds }: FeedAgreement = await import(
  new URL("../page/feed-agreement.js", import.meta.url).href
);

describe("feeds of one channel", () => {
  test.each([
    [
      "show the same",
      [
        ["1", "2"],
        ["1", "2"],
        ["1", "2"],
      ],
      { kind: "agree", common: 2 },
    ],
    ["began at different times", [["2", "3"], ["1", "2", "3"], ["3"]], { kind: "agree", common: 1 }],
    ["lag", [["1", "2", "3"], ["1", "2"], ["1"]], { kind: "behind", behind: [0, 1, 2] }],
    ["have not begun", [["1", "2"], [], ["1", "2"]], { kind: "behind", behind: [0, 2, 0] }],
    ["are all empty", [[], [], []], { kind: "agree", common: 0 }],
    [
      "have a hole",
      [
        ["1", "2", "3"],
        ["1", "3"],
        ["1", "2", "3"],
      ],
      { kind: "differ" },
    ],
    [
      "show one twice",
      [
        ["1", "2"],
        ["1", "2", "2"],
        ["1", "2"],
      ],
      { kind: "differ" },
    ],
    [
      "are out of order",
      [
        ["1", "2", "3"],
        ["2", "1", "3"],
        ["1", "2", "3"],
      ],
      { kind: "differ" },
    ],
    ["have nothing in common", [["1"], ["2"], ["3"]], { kind: "differ" }],
  ] as const)("that %s", (_words, feeds, expected) => {
    expect(compareFeeds(feeds)).toEqual(expected);
  });

  const channel = fc.integer({ min: 1, max: 30 }).map((length) => Array.from({ length }, (_, id) => `${id}`));

  test("never differ while each shows a gapless part", () => {
    const parts = channel.chain((ids) =>
      fc.array(
        fc
          .tuple(fc.nat(ids.length), fc.nat(ids.length))
          .map(([from, to]) => ids.slice(Math.min(from, to), to)),
        { minLength: 1, maxLength: 4 },
      ),
    );
    fc.assert(
      fc.property(parts, (feeds) => {
        const last = Math.max(...feeds.map((ids) => Number(ids.at(-1) ?? -1)));
        const first = Math.min(...feeds.filter((ids) => ids.length > 0).map((ids) => Number(ids[0])));
        // Only feeds that overlap can be compared.
        const overlap = feeds.some((ids) => Number(ids[0]) === first && Number(ids.at(-1)) === last);
        fc.pre(overlap);
        expect(compareFeeds(feeds).kind).not.toBe("differ");
      }),
    );
  });

  test("differ whenever one of them lost a message inside what it shows", () => {
    fc.assert(
      fc.property(channel, fc.nat(), (ids, at) => {
        fc.pre(ids.length >= 3);
        const lost = 1 + (at % (ids.length - 2));
        expect(compareFeeds([ids, ids.filter((_, index) => index !== lost), ids])).toEqual({
          kind: "differ",
        });
      }),
    );
  });
});
