import { describe, expect, it } from "vitest";
import type { Seat } from "./audience.ts";
import { ChannelFanOut } from "./channel-fan-out.ts";
import type { Format, Frame } from "./format.ts";
import { FORMATS } from "./format.ts";

class TestSeat implements Seat {
  index = -1;
  readonly frames: Frame[] = [];

  deliver(frames: readonly Frame[]): void {
    this.frames.push(...frames);
  }
}

const MESSAGE = {
  channel: "chat.lobby",
  payload: Buffer.from([0xff]),
  event: undefined,
  publisher: undefined,
};

function join(channel: ChannelFanOut, format: Format): TestSeat {
  const seat = new TestSeat();
  channel.join(seat, format);
  return seat;
}

describe("ChannelFanOut", () => {
  it("delivers to each in the format it wants", () => {
    const channel = new ChannelFanOut("chat.lobby");
    const seats = FORMATS.map((format) => join(channel, format));
    channel.hold(MESSAGE, 1);
    channel.flush();
    expect(seats.map(({ frames }) => frames.map(({ binary }) => binary))).toStrictEqual([
      [false],
      [true],
      [true],
    ]);
    expect(seats[2]?.frames[0]?.bytes).toStrictEqual(Buffer.from([0xff]));
  });

  it("shares one frame between all of a format", () => {
    const channel = new ChannelFanOut("chat.lobby");
    const [first, second] = [join(channel, "json"), join(channel, "json")];
    channel.hold(MESSAGE, 1);
    channel.flush();
    expect(first.frames[0]).toBe(second.frames[0]);
  });

  it("keeps nothing for a format that nobody wants yet", () => {
    const channel = new ChannelFanOut("chat.lobby");
    channel.hold(MESSAGE, 1);
    const late = join(channel, "json");
    channel.flush();
    expect(late.frames).toStrictEqual([]);
  });

  it("lists the seats of all formats", () => {
    const channel = new ChannelFanOut("chat.lobby");
    const seats = FORMATS.map((format) => join(channel, format));
    expect(new Set(channel.seats())).toStrictEqual(new Set(seats));
    for (const [index, seat] of seats.entries()) {
      channel.leave(seat, FORMATS[index] ?? "json");
    }
    expect(channel.seats()).toStrictEqual([]);
  });
});
