import { describe, expect, it } from "vitest";
import { TestSeat } from "../../testing/test-seat.ts";
import { Traffic } from "../traffic.ts";
import { ChannelFanOut } from "./channel-fan-out.ts";
import { FORMATS, type Format } from "./format.ts";

const MESSAGE = {
  channel: "chat.lobby",
  payload: Buffer.from([0xff]),
  event: undefined,
  publisher: undefined,
};

function join(channel: ChannelFanOut, format: Format): TestSeat {
  const seat = new TestSeat(format);
  channel.join(seat);
  return seat;
}

describe("ChannelFanOut", () => {
  it("delivers to each in the format it wants", () => {
    const channel = new ChannelFanOut("chat.lobby", 1_000, new Traffic());
    const seats = (["json", "json-binary", "raw", "object"] as const).map((format) => join(channel, format));
    channel.hold(MESSAGE, 1, undefined);
    channel.flush();
    expect(seats.map(({ frames }) => frames.map(({ binary }) => binary))).toStrictEqual([
      [false],
      [true],
      [true],
      [false],
    ]);
    expect(seats[2]?.frames[0]?.bytes).toStrictEqual(Buffer.from([0xff]));
  });

  it("shares one frame between all of a format", () => {
    const channel = new ChannelFanOut("chat.lobby", 1_000, new Traffic());
    const [first, second] = [join(channel, "json"), join(channel, "json")];
    channel.hold(MESSAGE, 1, undefined);
    channel.flush();
    expect(first.frames[0]).toBe(second.frames[0]);
  });

  it("keeps nothing for a format that nobody wants yet", () => {
    const channel = new ChannelFanOut("chat.lobby", 1_000, new Traffic());
    channel.hold(MESSAGE, 1, undefined);
    const late = join(channel, "json");
    channel.flush();
    expect(late.frames).toStrictEqual([]);
  });

  it("lists the seats of all formats", () => {
    const channel = new ChannelFanOut("chat.lobby", 1_000, new Traffic());
    const seats = FORMATS.map((format) => join(channel, format));
    expect(new Set(channel.seats())).toStrictEqual(new Set(seats));
    for (const seat of seats) {
      channel.leave(seat);
    }
    expect(channel.seats()).toStrictEqual([]);
  });

  describe("that conflates", () => {
    function hold(channel: ChannelFanOut, text: string, name: string, conflateKey?: string): boolean {
      const message = { ...MESSAGE, payload: Buffer.from(text), channel: name, conflateKey };
      return channel.hold(message, 1, undefined);
    }

    it("keeps the latest message of each channel", () => {
      const channel = new ChannelFanOut("ticker.*", 1_000, new Traffic(), "latest");
      const seats = (["json", "lines", "raw"] as const).map((format) => join(channel, format));
      const superseded = [
        hold(channel, "1", "ticker.a"),
        hold(channel, "2", "ticker.b"),
        hold(channel, "3", "ticker.a"),
        hold(channel, "4", "ticker.a"),
      ];
      expect(superseded).toStrictEqual([false, false, true, true]);
      channel.flush();
      expect(seats[0]?.messages).toMatchObject([{ data: 2 }, { data: 4 }]);
      expect(seats[1]?.texts).toStrictEqual([seats[0]?.texts.join("\n")]);
      expect(seats[2]?.texts).toStrictEqual(["2", "4"]);
      // What went out before makes no way.
      expect(hold(channel, "5", "ticker.a")).toBe(false);
      channel.flush();
      expect(seats[2]?.texts).toStrictEqual(["2", "4", "5"]);
    });

    it("keeps the latest message with each key, and all without one", () => {
      const channel = new ChannelFanOut("ticker.a", 1_000, new Traffic(), "key");
      const seat = join(channel, "raw");
      for (const [text, key] of [
        ["1", "eur"],
        ["2", undefined],
        ["3", "usd"],
        ["4", "eur"],
        ["5", undefined],
      ] as const) {
        hold(channel, text, "ticker.a", key);
      }
      channel.flush();
      expect(seat.texts).toStrictEqual(["2", "3", "4", "5"]);
    });

    it("keeps apart what different channels call by one key", () => {
      const channel = new ChannelFanOut("ticker.*", 1_000, new Traffic(), "key");
      const seat = join(channel, "raw");
      hold(channel, "1", "ticker.a", "eur");
      hold(channel, "2", "ticker.b", "eur");
      channel.flush();
      expect(seat.texts).toStrictEqual(["1", "2"]);
    });

    it("gives who came in between what is the latest since, and who was served ahead the newer one, too", () => {
      const channel = new ChannelFanOut("ticker.a", 1_000, new Traffic(), "latest");
      const [first, ahead] = [join(channel, "raw"), join(channel, "raw")];
      hold(channel, "1", "ticker.a");
      const late = join(channel, "raw");
      channel.serve(ahead);
      channel.serve(late);
      hold(channel, "2", "ticker.a");
      channel.flush();
      expect([first, ahead, late].map(({ texts }) => texts)).toStrictEqual([["2"], ["1", "2"], ["2"]]);
    });

    it("asks for no key where it does not conflate", () => {
      const channel = new ChannelFanOut("chat.a", 1_000, new Traffic());
      const seat = join(channel, "raw");
      expect([hold(channel, "1", "chat.a", "k"), hold(channel, "2", "chat.a", "k")]).toStrictEqual([
        false,
        false,
      ]);
      channel.flush();
      expect(seat.texts).toStrictEqual(["1", "2"]);
    });
  });
});
