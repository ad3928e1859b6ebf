import { describe, expect, it } from "vitest";
import { TestSeat } from "../../testing/test-seat.ts";
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
    const channel = new ChannelFanOut("chat.lobby", 1_000);
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
    const channel = new ChannelFanOut("chat.lobby", 1_000);
    const [first, second] = [join(channel, "json"), join(channel, "json")];
    channel.hold(MESSAGE, 1, undefined);
    channel.flush();
    expect(first.frames[0]).toBe(second.frames[0]);
  });

  it("keeps nothing for a format that nobody wants yet", () => {
    const channel = new ChannelFanOut("chat.lobby", 1_000);
    channel.hold(MESSAGE, 1, undefined);
    const late = join(channel, "json");
    channel.flush();
    expect(late.frames).toStrictEqual([]);
  });

  it("lists the seats of all formats", () => {
    const channel = new ChannelFanOut("chat.lobby", 1_000);
    const seats = FORMATS.map((format) => join(channel, format));
    expect(new Set(channel.seats())).toStrictEqual(new Set(seats));
    for (const seat of seats) {
      channel.leave(seat);
    }
    expect(channel.seats()).toStrictEqual([]);
  });
});
