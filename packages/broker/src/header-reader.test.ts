import type { Msg } from "@nats-io/transport-node";
import { MsgHdrsImpl } from "@nats-io/transport-node";
import { describe, expect, it } from "vitest";
import { HeaderReader } from "./header-reader.ts";
import { headerNames } from "./header-scan.ts";

const NAMES = headerNames("Tidegate-User");

/** A message as nats.js 3.4 builds it: header block and payload in one piece. */
class LibraryMessage {
  readonly _msg: { readonly hdr: number };
  readonly _rdata: Uint8Array;

  constructor(block: string | undefined) {
    this._msg = { hdr: block === undefined ? -1 : Buffer.byteLength(block) };
    this._rdata = Buffer.from(`${block ?? ""}payload`);
  }

  get data() {
    return this._rdata.subarray(Math.max(this._msg.hdr, 0));
  }

  get headers() {
    return this._msg.hdr > -1 ? MsgHdrsImpl.decode(this._rdata.subarray(0, this._msg.hdr)) : undefined;
  }
}

/** The same to the outside, but built differently. */
class RebuiltMessage {
  readonly #block: string | undefined;

  constructor(block: string | undefined) {
    this.#block = block;
  }

  get headers() {
    return this.#block === undefined ? undefined : MsgHdrsImpl.decode(Buffer.from(this.#block));
  }
}

/** The fields are there, but hold something else than the headers. */
class ShiftedMessage extends LibraryMessage {
  override get headers() {
    return MsgHdrsImpl.decode(Buffer.from("NATS/1.0\r\nTidegate-User: shifted\r\n\r\n"));
  }
}

const asMessage = (message: object) => message as Msg;
const ANN = "NATS/1.0\r\nTidegate-User: ann\r\n\r\n";
const BOB = "NATS/1.0\r\nTidegate-User: bob\r\n\r\n";

describe("HeaderReader", () => {
  it("reads the bytes once a message has shown that this gives the same", () => {
    const reader = new HeaderReader();
    expect(reader.read(asMessage(new LibraryMessage(undefined)), NAMES)).toBeUndefined();
    expect(reader.mode).toBe("unproven");
    expect(reader.read(asMessage(new LibraryMessage(ANN)), NAMES)).toEqual(["ann"]);
    expect(reader.mode).toBe("scan");
    expect(reader.read(asMessage(new LibraryMessage(BOB)), NAMES)).toEqual(["bob"]);
    expect(reader.read(asMessage(new LibraryMessage(undefined)), NAMES)).toBeUndefined();
  });

  it("goes through the library when the private fields are missing", () => {
    const reader = new HeaderReader();
    expect(reader.read(asMessage(new RebuiltMessage(ANN)), NAMES)).toEqual(["ann"]);
    expect(reader.mode).toBe("library");
    expect(reader.read(asMessage(new RebuiltMessage(BOB)), NAMES)).toEqual(["bob"]);
    expect(reader.read(asMessage(new RebuiltMessage(undefined)), NAMES)).toBeUndefined();
  });

  it("goes through the library when the private fields mean something else", () => {
    const reader = new HeaderReader();
    expect(reader.read(asMessage(new ShiftedMessage(ANN)), NAMES)).toEqual(["shifted"]);
    expect(reader.mode).toBe("library");
    expect(reader.read(asMessage(new ShiftedMessage(BOB)), NAMES)).toEqual(["shifted"]);
  });

  it("goes through the library when the values agree only because there are none", () => {
    const reader = new HeaderReader();
    const others = "NATS/1.0\r\nTraceparent: 00\r\n\r\n";
    class Truncated extends LibraryMessage {
      override readonly _msg = { hdr: 4 };
      override get headers() {
        return MsgHdrsImpl.decode(Buffer.from(others));
      }
    }
    expect(reader.read(asMessage(new Truncated(others)), NAMES)).toEqual([undefined]);
    expect(reader.mode).toBe("library");
    const sound = new HeaderReader();
    sound.read(asMessage(new LibraryMessage(others)), NAMES);
    expect(sound.mode).toBe("scan");
  });

  it("takes a block the library refuses for none, and learns nothing from it", () => {
    const reader = new HeaderReader();
    const malformed = "NATS/1.0\r\nbad name: x\r\nTidegate-User: ann\r\n\r\n";
    expect(reader.read(asMessage(new LibraryMessage(malformed)), NAMES)).toBeUndefined();
    expect(reader.mode).toBe("unproven");
  });
});
