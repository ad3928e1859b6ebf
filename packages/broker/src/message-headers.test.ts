import { MsgHdrsImpl } from "@nats-io/transport-node";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { OutgoingHeaders } from "./message-headers.ts";
import { headerValue, messageHeaders, serviceErrorHeaders, storedMessageHeaders } from "./message-headers.ts";

function wireBytes(headers: OutgoingHeaders | undefined): Buffer {
  if (!(headers?.block instanceof MsgHdrsImpl)) throw new TypeError("no headers");
  return Buffer.from(headers.block.encode());
}

describe("headerValue", () => {
  it.each([
    ["CR LF", "a\r\nTidegate-User: eve", "a\uFFFD\uFFFDTidegate-User: eve"],
    ["a lone LF", "a\nb", "a\uFFFDb"],
    [
      "control characters other parsers break lines at",
      "a\u000bb\u001cc\u0085d\u2028e",
      "a\uFFFDb\uFFFDc\uFFFDd\uFFFDe",
    ],
    ["white space at the edges, which readers would trim", " alice\u00a0", "\uFFFDalice\uFFFD"],
  ])("replaces %s", (_, value, expected) => {
    expect(headerValue(value)).toBe(expected);
  });

  it.each(["alice", "Zoë Ångström", "日本 \u{1f600}", "", "a b:c,d", '{"a":"b"}'])(
    "leaves %j as it is",
    (value) => {
      expect(headerValue(value)).toBe(value);
    },
  );
});

describe("messageHeaders", () => {
  it("is nothing without event and identity", () => {
    expect(messageHeaders(undefined, undefined)).toBeUndefined();
  });

  it("carries event and identity", () => {
    const headers = messageHeaders("moved", { user: "ann", connection: "c1", claims: '{"team":"blue"}' });
    expect(wireBytes(headers).toString()).toBe(
      'NATS/1.0\r\nTidegate-User: ann\r\nTidegate-Connection: c1\r\nTidegate-Claims: {"team":"blue"}\r\nTidegate-Event: moved\r\n\r\n',
    );
  });

  it("remembers the headers of an identity, and mixes up neither events nor identities", () => {
    const ann = { user: "ann", connection: "c1", claims: undefined };
    const bob = { ...ann, user: "bob" };
    const text = (event: string | undefined, identity: typeof ann) =>
      wireBytes(messageHeaders(event, identity)).toString().replaceAll("\r\n", "|");
    for (let round = 0; round < 2; round++) {
      expect(text("a", ann)).toBe("NATS/1.0|Tidegate-User: ann|Tidegate-Connection: c1|Tidegate-Event: a||");
      expect(text("b", ann)).toBe("NATS/1.0|Tidegate-User: ann|Tidegate-Connection: c1|Tidegate-Event: b||");
      expect(text(undefined, ann)).toBe("NATS/1.0|Tidegate-User: ann|Tidegate-Connection: c1||");
      expect(text("b", bob)).toBe("NATS/1.0|Tidegate-User: bob|Tidegate-Connection: c1|Tidegate-Event: b||");
    }
    expect(messageHeaders("a", ann)).toBe(messageHeaders("a", ann));
  });

  it("carries a trace, which it does not remember", () => {
    const ann = { user: "ann", connection: "c1", claims: undefined };
    const trace = { traceparent: "00-t-p-01", tracestate: "a=b" };
    const plain = messageHeaders(undefined, ann);
    const text = wireBytes(messageHeaders("moved", ann, trace))
      .toString()
      .replaceAll("\r\n", "|");
    expect(text).toBe(
      "NATS/1.0|Tidegate-User: ann|Tidegate-Connection: c1|Tidegate-Event: moved|traceparent: 00-t-p-01|tracestate: a=b||",
    );
    const stored = storedMessageHeaders("rt_feed", undefined, ann, undefined, {
      ...trace,
      tracestate: undefined,
    });
    expect(wireBytes(stored).toString()).toContain(
      "traceparent: 00-t-p-01\r\nNats-Expected-Stream: rt_feed\r\n",
    );
    expect(messageHeaders(undefined, ann)).toBe(plain);
    expect(wireBytes(storedMessageHeaders("rt_feed", undefined, ann, undefined)).toString()).not.toContain(
      "trace",
    );
  });

  it("can be given anything without a line being added, and knows its size on the wire", async () => {
    const anything = fc.oneof(
      fc.string(),
      fc.string({ unit: "binary" }),
      fc.string({ unit: fc.constantFrom("\r", "\n", " ", "x", ":") }),
    );
    await fc.assert(
      fc.property(
        anything,
        anything,
        anything,
        fc.option(anything, { nil: undefined }),
        (event, user, connection, claims) => {
          const headers = messageHeaders(event, { user, connection, claims });
          const bytes = wireBytes(headers);
          expect(bytes.toString().split(/\r\n|\r|\n/)).toHaveLength(claims === undefined ? 6 : 7);
          expect(headers?.bytes).toBe(bytes.length);
        },
      ),
    );
  });
});

describe("storedMessageHeaders", () => {
  const ann = { user: "ann", connection: "c1", claims: undefined };
  const text = (...args: Parameters<typeof storedMessageHeaders>) => {
    const headers = storedMessageHeaders(...args);
    expect(headers.bytes).toBe(wireBytes(headers).length);
    return wireBytes(headers).toString().replaceAll("\r\n", "|");
  };

  it("names the stream and the key, and mixes up none with another", () => {
    const sender = "Tidegate-User: ann|Tidegate-Connection: c1|";
    for (let round = 0; round < 2; round++) {
      expect(text("S", undefined, undefined, undefined)).toBe("NATS/1.0|Nats-Expected-Stream: S||");
      expect(text("S", "a", ann, undefined)).toBe(
        `NATS/1.0|${sender}Tidegate-Event: a|Nats-Expected-Stream: S||`,
      );
      expect(text("T", "a", ann, undefined)).toBe(
        `NATS/1.0|${sender}Tidegate-Event: a|Nats-Expected-Stream: T||`,
      );
      expect(text("S", undefined, ann, `k${round}`)).toBe(
        `NATS/1.0|${sender}Nats-Expected-Stream: S|Nats-Msg-Id: k${round}||`,
      );
    }
    const remembered = storedMessageHeaders("S", "a", ann, undefined);
    expect(storedMessageHeaders("S", "a", ann, undefined)).toBe(remembered);
    // What live channels are sent stays without a stream.
    expect(wireBytes(messageHeaders("a", ann)).toString()).not.toContain("Nats-");
  });
});

describe("serviceErrorHeaders", () => {
  it("keeps a text with line breaks on one line", () => {
    expect(wireBytes(serviceErrorHeaders("404", "no\nsuch room")).toString()).toBe(
      "NATS/1.0\r\nNats-Service-Error-Code: 404\r\nNats-Service-Error: no\uFFFDsuch room\r\n\r\n",
    );
  });
});
