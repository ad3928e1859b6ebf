import { closePayload, opcodes, type WireFrameOptions } from "@tidegate/testkit";

/** A message of the protocol, and its answer. */
const PING = '{"type":"ping","id":7}';
const PONG = '{"type":"ok","id":7}';
const { binary, close, continuation, ping, pong, text } = opcodes;

/**
 * How it ends: the connection stays; the node answers the close by one with these bytes and ends the connection; or it
 * ends the connection without a word, which a client sees as 1006.
 */
type End = "stays" | "cut" | { readonly close: Buffer };

export interface FrameCase {
  readonly name: string;
  readonly frames: readonly WireFrameOptions[];
  /** Data frames and pongs that come back, as `opcode:text`; an error by its code. */
  readonly answers?: readonly string[];
  readonly end: End;
  /** Where RFC 6455 says otherwise: what, and where. PROTOCOL.md, section 19, says so too, if a client can notice. */
  readonly deviation?: string;
}

const ok = `${text}:${PONG}`;
const echoed = (code: number, reason = ""): End => ({ close: closePayload(code, reason) });
const UNSAID: End = { close: Buffer.alloc(0) };
const FAIL_WITH_A_CODE = "7.1.7: a close frame with 1002 or 1007 SHOULD come first";
const BAD_CLOSE = "5.5.1 and 7.4: fail the connection, with 1002";

function fragments(...payloads: readonly (string | Uint8Array)[]): readonly WireFrameOptions[] {
  return payloads.map((payload, index) => ({
    opcode: index === 0 ? text : continuation,
    fin: index === payloads.length - 1,
    payload,
  }));
}

export const MESSAGES: readonly FrameCase[] = [
  { name: "one frame", frames: [{ payload: PING }], answers: [ok], end: "stays" },
  { name: "two frames", frames: fragments(PING.slice(0, 9), PING.slice(9)), answers: [ok], end: "stays" },
  { name: "a frame for each byte", frames: fragments(...PING), answers: [ok], end: "stays" },
  {
    name: "empty fragments around and between",
    frames: fragments("", "", PING.slice(0, 4), "", PING.slice(4), ""),
    answers: [ok],
    end: "stays",
  },
  {
    name: "nothing but empty fragments",
    frames: fragments("", "", ""),
    answers: ["error:malformed"],
    end: "stays",
  },
  { name: "no bytes at all", frames: [{ payload: "" }], answers: ["error:malformed"], end: "stays" },
  {
    name: "binary in fragments",
    frames: [
      { opcode: binary, fin: false, payload: PING },
      { opcode: continuation, payload: "\n" },
    ],
    // A ping has no payload: the header line was read.
    answers: ["error:malformed"],
    end: "stays",
  },
  {
    name: "several messages in one segment",
    frames: [{ payload: PING }, { payload: '{"type":"ping","id":8}' }],
    answers: [ok, `${text}:{"type":"ok","id":8}`],
    end: "stays",
  },
  {
    name: "a length of 16 bits where 7 would do",
    frames: [{ payload: PING, lengthBits: 16 }],
    answers: [ok],
    end: "stays",
    deviation: "5.2: the least number of bytes MUST be used",
  },
  {
    name: "a length of 64 bits where 7 would do",
    frames: [{ payload: PING, lengthBits: 64 }],
    answers: [ok],
    end: "stays",
    deviation: "5.2: the least number of bytes MUST be used",
  },
  {
    name: "a length that needs 64 bits",
    frames: [{ payload: PING.replace("}", `,"x":"${"y".repeat(70_000)}"}`) }],
    answers: [ok],
    end: "stays",
  },
  {
    name: "a mask of zeros",
    frames: [{ payload: PING, mask: Buffer.alloc(4) }],
    answers: [ok],
    end: "stays",
  },
];

export const CONTROL_FRAMES: readonly FrameCase[] = [
  { name: "a ping without payload", frames: [{ opcode: ping }], answers: [`${pong}:`], end: "stays" },
  {
    name: "a ping of 125 bytes",
    frames: [{ opcode: ping, payload: "p".repeat(125) }],
    answers: [`${pong}:${"p".repeat(125)}`],
    end: "stays",
  },
  {
    name: "a ping of bytes that are not UTF-8",
    frames: [{ opcode: ping, payload: Buffer.from([0xff, 0x00, 0xc0]) }],
    answers: [`${pong}:${Buffer.from([0xff, 0x00, 0xc0]).toString()}`],
    end: "stays",
  },
  {
    name: "ten pings",
    frames: [..."0123456789"].map((payload) => ({ opcode: ping, payload })),
    answers: [..."0123456789"].map((payload) => `${pong}:${payload}`),
    end: "stays",
  },
  {
    name: "pings inside a message in fragments",
    frames: fragments(PING.slice(0, 3), PING.slice(3, 9), PING.slice(9)).flatMap((frame, index) => [
      frame,
      { opcode: ping, payload: String(index) },
    ]),
    answers: [`${pong}:0`, `${pong}:1`, ok, `${pong}:2`],
    end: "stays",
  },
  {
    name: "pongs that nobody asked for",
    frames: [{ opcode: pong }, { opcode: pong, payload: "p".repeat(125) }, { payload: PING }],
    answers: [ok],
    end: "stays",
  },
  {
    name: "a pong inside a message in fragments",
    frames: [
      { fin: false, payload: PING.slice(0, 5) },
      { opcode: pong },
      { opcode: continuation, payload: PING.slice(5) },
    ],
    answers: [ok],
    end: "stays",
  },
  ...[ping, pong, close].flatMap((opcode): FrameCase[] => [
    {
      name: `opcode ${opcode} of 126 bytes`,
      frames: [{ opcode, payload: opcode === close ? closePayload(1000, "r".repeat(124)) : "p".repeat(126) }],
      end: "cut",
      deviation: FAIL_WITH_A_CODE,
    },
    {
      name: `opcode ${opcode} in fragments`,
      frames: [{ opcode, fin: false, payload: opcode === close ? closePayload(1000) : "p" }],
      end: "cut",
      deviation: FAIL_WITH_A_CODE,
    },
    {
      name: `opcode ${opcode} with a length of 16 bits`,
      frames: [{ opcode, payload: opcode === close ? closePayload(1000) : "p", lengthBits: 16 }],
      end: "cut",
      deviation: FAIL_WITH_A_CODE,
    },
  ]),
];

export const VIOLATIONS: readonly FrameCase[] = [
  ...(
    [
      ["a continuation of nothing", [{ opcode: continuation, payload: PING }]],
      [
        "a continuation of nothing that is not the last",
        [{ opcode: continuation, fin: false, payload: PING }],
      ],
      ["a text frame inside a text message", [{ fin: false, payload: "{" }, { payload: PING }]],
      [
        "a text fragment inside a text message",
        [
          { fin: false, payload: "{" },
          { fin: false, payload: PING },
        ],
      ],
      ["reserved bit 1, without compression", [{ payload: PING, rsv1: true }]],
      ["reserved bit 2", [{ payload: PING, rsv2: true }]],
      ["reserved bit 3", [{ payload: PING, rsv3: true }]],
      ["all reserved bits", [{ payload: PING, rsv1: true, rsv2: true, rsv3: true }]],
      [
        "a reserved bit on a continuation",
        [
          { fin: false, payload: "{" },
          { opcode: continuation, payload: "}", rsv1: true },
        ],
      ],
      ["a reserved bit on a ping", [{ opcode: ping, rsv1: true }]],
      ["a reserved bit on a close", [{ opcode: close, rsv2: true, payload: closePayload(1000) }]],
      ...[3, 4, 5, 6, 7, 11, 12, 13, 14, 15].map((opcode) => [`opcode ${opcode}`, [{ opcode }]] as const),
      ["a length with the highest bit set", [{ payload: "x", announcedLength: 2n ** 63n }]],
      ["the largest length there is", [{ payload: "x", announcedLength: 2n ** 64n - 1n }]],
    ] as const
  ).map(([name, frames]): FrameCase => ({ name, frames, end: "cut", deviation: FAIL_WITH_A_CODE })),
  {
    name: "a binary frame inside a text message",
    frames: [
      { fin: false, payload: PING.slice(0, 9) },
      { opcode: binary, payload: "x" },
      { opcode: continuation, payload: PING.slice(9) },
    ],
    // The binary frame ends the message that the text frame began; what follows is another.
    answers: ["error:malformed", "error:malformed"],
    end: "stays",
    deviation: "5.4: fragments of two messages MUST NOT be interleaved",
  },
  {
    name: "frames without a mask",
    frames: [
      { payload: PING, mask: false },
      { payload: PING, mask: Buffer.alloc(4) },
    ],
    end: "cut",
    deviation:
      "5.1: the first one closes the connection; here, what is behind it becomes unreadable, and that does",
  },
];

/** Bytes of RFC 3629, section 4, that are easy to get wrong; each a JSON string, if it were text at all. */
const NOT_UTF8: readonly (readonly [name: string, bytes: readonly number[]])[] = [
  ["a byte that never occurs", [0xff]],
  ["a continuation byte alone", [0x80]],
  ["a character broken off", [0xe2, 0x98]],
  ["an overlong slash", [0xc0, 0xaf]],
  ["an overlong NUL", [0xe0, 0x80, 0x80]],
  ["half of a surrogate pair", [0xed, 0xa0, 0x80]],
  ["a pair of surrogates", [0xed, 0xa0, 0xbd, 0xed, 0xb8, 0x80]],
  ["a character beyond U+10FFFF", [0xf4, 0x90, 0x80, 0x80]],
  ["five bytes for one character", [0xf8, 0x88, 0x80, 0x80, 0x80]],
];

export const INVALID_TEXT: readonly FrameCase[] = NOT_UTF8.flatMap(([name, bytes]) => {
  const payload = Buffer.from([0x22, ...bytes, 0x22]);
  const end = "cut" as const;
  return [
    { name, frames: [{ payload }], end, deviation: FAIL_WITH_A_CODE },
    {
      name: `${name}, in fragments`,
      frames: fragments(...[...payload].map((byte) => Buffer.from([byte]))),
      end,
      deviation: FAIL_WITH_A_CODE,
    },
    {
      name: `${name}, and valid text behind it`,
      frames: fragments(payload, PING),
      end,
      deviation: FAIL_WITH_A_CODE,
    },
    {
      name: `${name}, in the reason of a close`,
      frames: [{ opcode: close, payload: closePayload(1000, Buffer.from(bytes)) }],
      end: UNSAID,
      deviation: "5.5.1 and 8.1: fail the connection, with 1007",
    },
  ];
});

export const CLOSES: readonly FrameCase[] = [
  ...[1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 4000, 4500, 4999].map(
    (code): FrameCase => ({
      name: `${code}`,
      frames: [{ opcode: close, payload: closePayload(code, "bye \u2713") }],
      end: echoed(code, "bye \u2713"),
    }),
  ),
  {
    name: "the longest reason",
    frames: [{ opcode: close, payload: closePayload(1000, "r".repeat(123)) }],
    end: echoed(1000, "r".repeat(123)),
  },
  { name: "no code", frames: [{ opcode: close }], end: UNSAID },
  {
    name: "half a code",
    frames: [{ opcode: close, payload: Buffer.from([3]) }],
    end: UNSAID,
    deviation: BAD_CLOSE,
  },
  ...[0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65_535].map(
    (code): FrameCase => ({
      name: `${code}, which nobody may send`,
      frames: [{ opcode: close, payload: closePayload(code) }],
      end: UNSAID,
      deviation: BAD_CLOSE,
    }),
  ),
  ...[1012, 1013, 1014, 3000, 3999].map(
    (code): FrameCase => ({
      name: `${code}, which is registered with IANA, or can be`,
      frames: [{ opcode: close, payload: closePayload(code) }],
      end: UNSAID,
      deviation: "5.5.1: the answer typically echoes the code",
    }),
  ),
  {
    name: "a message behind it, which is not heard",
    frames: [{ opcode: close, payload: closePayload(1000) }, { payload: PING }],
    end: echoed(1000),
  },
  {
    name: "a ping behind it",
    frames: [
      { opcode: close, payload: closePayload(1000) },
      { opcode: ping, payload: "late" },
    ],
    end: echoed(1000),
  },
  {
    name: "another close behind it",
    frames: [
      { opcode: close, payload: closePayload(1000) },
      { opcode: close, payload: closePayload(1001) },
    ],
    end: echoed(1000),
  },
  {
    name: "a ping before it",
    frames: [
      { opcode: ping, payload: "still" },
      { opcode: close, payload: closePayload(1000) },
    ],
    answers: [`${pong}:still`],
    end: echoed(1000),
  },
  {
    name: "a message before it",
    frames: [{ payload: PING }, { opcode: close, payload: closePayload(1000) }],
    answers: [ok],
    end: echoed(1000),
  },
  {
    name: "inside a message in fragments",
    frames: [
      { fin: false, payload: "{" },
      { opcode: close, payload: closePayload(1000) },
    ],
    end: echoed(1000),
  },
];
