import { once } from "node:events";
import { createServer, type Server, type Socket } from "node:net";
import {
  closePayload,
  decodeFrame,
  encodeFrame,
  opcodes,
  type WireFrame,
  waitUntil,
} from "@tidegate/testkit";
import fc from "fast-check";
import { afterEach, describe, expect, test } from "vitest";
import { bareClient, type ClientPlan, gatewayClient } from "../client-plan.ts";
import { LoadTestError } from "../load-test-error.ts";
import { ACCEPTED } from "../swarm/opening-bytes.ts";
import { nowMicros, stampedPayload } from "../swarm/stamp.ts";
import { buildDrain } from "./build-drain.ts";
import { Drain, type DrainOptions } from "./drain.ts";
import type { DrainReport } from "./drain-answer.ts";

/** `undefined` where there is no compiler: then there is nothing to test. */
const binary = await buildDrain().catch((error: unknown) => {
  if (error instanceof LoadTestError && error.code === "tool_missing") {
    return undefined;
  }
  throw error;
});

const SWITCHING = `HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Accept: ${ACCEPTED.toString("latin1")}\r\n\r\n`;
const HEAD_END = "\r\n\r\n";

const openServers: Server[] = [];
const openDrains: Drain[] = [];

afterEach(async () => {
  await Promise.all(openDrains.splice(0).map((drain) => drain.stop()));
  for (const server of openServers.splice(0)) {
    server.close();
    await once(server, "close");
  }
});

interface Peer {
  readonly socket: Socket;
  readonly head: string;
  /** Frames it has sent so far. */
  readonly frames: WireFrame[];
}

/** A native client on a server that answers every handshake with `answer` and keeps what clients say. */
async function drainOn(
  plans: readonly ClientPlan[],
  answer: string | Buffer = SWITCHING,
  options: Partial<DrainOptions> = {},
): Promise<{ readonly drain: Drain; readonly peers: readonly Peer[] }> {
  const { peers, place } = await serverThat(answer);
  return { drain: await started({ port: place, plans, ...options }), peers };
}

async function started(options: Omit<DrainOptions, "binary">): Promise<Drain> {
  const drain = await Drain.start({ binary: binary ?? "", ...options });
  openDrains.push(drain);
  return drain;
}

async function serverThat(
  answer: string | Buffer,
): Promise<{ readonly place: number; readonly peers: readonly Peer[] }> {
  const peers: Peer[] = [];
  const server = createServer((socket) => {
    socket.setNoDelay(true);
    socket.on("error", () => {});
    let rest = Buffer.alloc(0);
    let peer: Peer | undefined;
    socket.on("data", (bytes: Buffer) => {
      rest = Buffer.concat([rest, bytes]);
      const end = rest.indexOf(HEAD_END);
      if (peer === undefined && end !== -1) {
        peer = { socket, head: rest.toString("latin1", 0, end), frames: [] };
        rest = rest.subarray(end + HEAD_END.length);
        peers.push(peer);
        socket.write(answer);
      }
      for (let next = decodeFrame(rest); next !== undefined; next = decodeFrame(rest)) {
        peer?.frames.push(next.frame);
        rest = rest.subarray(next.size);
      }
    });
  });
  openServers.push(server);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") {
    throw new TypeError("a TCP server has a port");
  }
  return { place: address.port, peers };
}

const ALL_AT_ONCE = { inFlight: 100 };

function text(payload: string): Buffer {
  return encodeFrame({ mask: false, payload });
}

function messageOn(channel: string, sequence: number, micros = nowMicros(), bytes = 80): string {
  return `{"type":"message","channel":"${channel}","data":${stampedPayload(sequence, micros, bytes)}}`;
}

async function reportOnce(drain: Drain, isDone: (report: DrainReport) => boolean): Promise<DrainReport> {
  let report = await drain.report();
  await waitUntil(async () => {
    report = await drain.report();
    return isDone(report);
  });
  return report;
}

describe.skipIf(binary === undefined)("drain", () => {
  test("counts what comes, whole messages in frames cut anywhere", async () => {
    const { drain, peers } = await drainOn([bareClient("/")]);
    await drain.open(1, ALL_AT_ONCE);
    const socket = peers[0]?.socket;
    const lengths = fc.oneof(
      fc.integer({ min: 60, max: 130 }),
      fc.constantFrom(65_400, 65_535 - 48, 65_535, 65_536, 70_000, 300_000),
    );
    const cuts = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(fc.array(lengths, { minLength: 1, maxLength: 5 }), cuts, async (sizes, places) => {
        await drain.begin();
        const stream = Buffer.concat(
          sizes.map((bytes, sequence) => text(messageOn("a.b", sequence, undefined, bytes))),
        );
        const ends = [...places.map((place) => Math.floor(place * stream.length)), stream.length];
        let start = 0;
        for (const end of ends.toSorted((one, other) => one - other)) {
          socket?.write(stream.subarray(start, end));
          start = end;
          // The next piece goes only when this one was read, so that it is cut exactly here.
          await reportOnce(drain, ({ bytes }) => bytes === end);
        }
        expect(await drain.report()).toMatchObject({
          frames: sizes.length,
          received: sizes.length,
          bytes: stream.length,
          ...{ skipped: 0, repeated: 0, stale: 0, other: 0, closed: 0 },
        });
      }),
      { numRuns: 30 },
    );
  });

  test("tells lost from repeated, channel by channel, and leaves out what was before", async () => {
    const { drain, peers } = await drainOn([bareClient("/"), bareClient("/")]);
    await drain.open(2, ALL_AT_ONCE);
    await drain.begin(10);
    const [one, other] = peers;
    one?.socket.write(
      Buffer.concat([
        ...[10, 11, 9, 14, 14, 12].map((sequence) => text(messageOn("a.b", sequence))),
        ...[10, 11, 13].map((sequence) => text(messageOn("a.c", sequence))),
        text('{"type":"ping"}'),
      ]),
    );
    other?.socket.write(Buffer.concat([11, 12].map((sequence) => text(messageOn("a.b", sequence)))));
    const report = await reportOnce(drain, ({ frames }) => frames === 12);
    // 12, 13 of a.b, 12 of a.c, and 10 of a.b at the other client.
    expect(report).toMatchObject({ received: 8, skipped: 4, repeated: 2, stale: 1, other: 1 });
  });

  test("finds a message in each line of a frame, and one in a binary frame", async () => {
    const { drain, peers } = await drainOn([bareClient("/")]);
    await drain.open(1, ALL_AT_ONCE);
    await drain.begin();
    const lines = [0, 1, 2].map((sequence) => messageOn("a.b", sequence)).join("\n");
    const header = '{"type":"message","channel":"a.b"}\n';
    peers[0]?.socket.write(text(lines));
    peers[0]?.socket.write(
      encodeFrame({
        mask: false,
        opcode: opcodes.binary,
        payload: header + stampedPayload(3, nowMicros(), 80),
      }),
    );
    const report = await reportOnce(drain, ({ frames }) => frames === 2);
    expect(report).toMatchObject({ received: 4, skipped: 0, other: 0 });
  });

  test("reads numbers of all digits, and takes nothing else for a number", async () => {
    const { drain, peers } = await drainOn([bareClient("/")]);
    await drain.open(1, ALL_AT_ONCE);
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: 9_999_999_999 }),
        fc.integer({ min: 0, max: 25 }),
        async (sequence, place) => {
          await drain.begin(sequence);
          const right = messageOn("a", sequence);
          const start = right.indexOf('"stamp":"') + '"stamp":"'.length;
          // The dot between number and time is not looked at.
          const at = start + (place < 10 ? place : place + 1);
          const wrong = [":", "/", "a"].map((mark) => text(right.slice(0, at) + mark + right.slice(at + 1)));
          peers[0]?.socket.write(Buffer.concat([text(right), ...wrong]));
          const report = await reportOnce(drain, ({ frames }) => frames === 4);
          expect(report).toMatchObject({ received: 1, skipped: 0, other: 3 });
        },
      ),
      { numRuns: 50 },
    );
  });

  test("takes latencies from the stamps", async () => {
    const { drain, peers } = await drainOn([bareClient("/")]);
    await drain.open(1, ALL_AT_ONCE);
    await drain.begin();
    const ago = 5_000_000;
    const stamps = Array.from({ length: 100 }, (_, sequence) => nowMicros() - (sequence < 98 ? 0 : ago));
    peers[0]?.socket.write(Buffer.concat(stamps.map((at, sequence) => text(messageOn("a", sequence, at)))));
    const report = await reportOnce(drain, ({ frames }) => frames === stamps.length);
    expect(report.p50Micros).toBeLessThan(ago);
    expect(report.p99Micros).toBeGreaterThanOrEqual(ago);
    expect(report.p999Micros).toBeGreaterThanOrEqual(report.p99Micros);
    expect(report.maxMicros).toBeGreaterThanOrEqual(ago);
    expect(report.spanMicros).toBeGreaterThanOrEqual(ago);
  });

  test("says who it is and sends what its plan says, in frames of every length", async () => {
    const messages = ["short", "m".repeat(126), "l".repeat(70_000)];
    const plan = { ...bareClient("/v1/ws?x=1"), messages, headers: ["Sec-WebSocket-Protocol: tidegate.v1"] };
    const { drain, peers } = await drainOn([plan]);
    await drain.open(1, ALL_AT_ONCE);
    await waitUntil(() => peers[0]?.frames.length === 3);
    expect(peers[0]?.head.split("\r\n")).toEqual(
      expect.arrayContaining(["GET /v1/ws?x=1 HTTP/1.1", "Sec-WebSocket-Protocol: tidegate.v1"]),
    );
    expect(peers[0]?.frames.map(({ payload }) => payload.toString())).toEqual(messages);
    expect(peers[0]?.frames.every(({ wasMasked }) => wasMasked)).toBe(true);
  });

  test("answers pings with their payload, and words that it was told to answer", async () => {
    const { drain, peers } = await drainOn([bareClient("/")], SWITCHING, { answer: { to: "2", by: "3" } });
    await drain.open(1, ALL_AT_ONCE);
    const payload = "p".repeat(125);
    peers[0]?.socket.write(encodeFrame({ opcode: opcodes.ping, mask: false, payload }));
    peers[0]?.socket.write(text("2"));
    await waitUntil(() => peers[0]?.frames.length === 2);
    expect(peers[0]?.frames.map((frame) => [frame.opcode, frame.payload.toString()])).toEqual([
      [opcodes.pong, payload],
      [opcodes.text, "3"],
    ]);
  });

  test("opens no more at a time than it may, and waits until each is confirmed", async () => {
    const plans = Array.from({ length: 6 }, () => gatewayClient("token", "a.b"));
    const { drain, peers } = await drainOn(plans);
    const opened = drain.open(6, { inFlight: 2 });
    for (let confirmed = 0; confirmed < 6; confirmed += 2) {
      await waitUntil(() => peers.filter(({ frames }) => frames.length === 1).length === confirmed + 2);
      expect(peers).toHaveLength(confirmed + 2);
      for (const { socket } of peers.slice(confirmed)) {
        socket.write(text('{"type":"subscribed","channel":"a.b"}'));
      }
    }
    expect(await opened).toMatchObject({ connections: 6 });
  });

  test("reports while it opens", async () => {
    const { drain, peers } = await drainOn([gatewayClient("token", "a.b")]);
    const opened = drain.open(1, ALL_AT_ONCE);
    await waitUntil(() => peers[0]?.frames.length === 1);
    expect(await drain.report()).toMatchObject({ connections: 0 });
    peers[0]?.socket.write(text('{"type":"subscribed","channel":"a.b"}'));
    expect(await opened).toMatchObject({ connections: 1 });
  });

  test("closes the last of its clients, and opens them again", async () => {
    const { drain, peers } = await drainOn([bareClient("/1"), bareClient("/2"), bareClient("/3")]);
    await drain.open(3, ALL_AT_ONCE);
    await drain.close(2);
    expect(await drain.report()).toMatchObject({ connections: 1, closed: 0 });
    expect(await drain.open(2, ALL_AT_ONCE)).toMatchObject({ connections: 3 });
    expect(peers).toHaveLength(5);
  });

  test("leaves stalled clients unread until they go on", async () => {
    const { drain, peers } = await drainOn([bareClient("/"), bareClient("/")], SWITCHING);
    await drain.open(2, { inFlight: 1 });
    await drain.stall(1);
    await drain.begin();
    for (const { socket } of peers) {
      socket.write(text(messageOn("a", 0)));
    }
    await reportOnce(drain, ({ received }) => received === 1);
    await drain.stall(0);
    await reportOnce(drain, ({ received }) => received === 2);
  });

  test("sleeps between two looks, and misses nothing", async () => {
    const { drain, peers } = await drainOn([bareClient("/")]);
    await drain.open(1, ALL_AT_ONCE);
    const nap = 200_000;
    await drain.nap(nap);
    let slept = 0;
    // Who is late with a message meets less of a nap.
    for (let sequence = 0; slept < nap / 2; sequence += 1) {
      await drain.begin(sequence);
      peers[0]?.socket.write(text(messageOn("a", sequence)));
      slept = (await reportOnce(drain, ({ received }) => received === 1)).maxMicros;
    }
    await drain.nap(0);
    await drain.begin(1_000_000);
    peers[0]?.socket.write(text(messageOn("a", 1_000_000)));
    await reportOnce(drain, ({ received }) => received === 1);
  });

  test.each([
    ["no upgrade", "HTTP/1.1 404 Not Found\r\n\r\n", "404 Not Found"],
    ["another key", SWITCHING.replace(ACCEPTED.toString(), "else"), "answered"],
    [
      "a close",
      Buffer.concat([
        Buffer.from(SWITCHING),
        encodeFrame({ opcode: opcodes.close, mask: false, payload: closePayload(4502, "bad token") }),
      ]),
      "4502 bad token",
    ],
    [
      "a refusal",
      Buffer.concat([Buffer.from(SWITCHING), text('{"type":"error","code":"forbidden"}')]),
      "forbidden",
    ],
    ["a masked frame", Buffer.concat([Buffer.from(SWITCHING), encodeFrame({ payload: "x" })]), "masked"],
  ])("fails when a server answers with %s", async (_, answer, said) => {
    const { drain } = await drainOn([gatewayClient("token", "a.b")], answer);
    await expect(drain.open(1, ALL_AT_ONCE)).rejects.toMatchObject({
      code: "connect_failed",
      message: expect.stringContaining(said),
    });
  });

  test("counts connections that are lost, and says why the first was", async () => {
    const { drain, peers } = await drainOn([bareClient("/"), bareClient("/")]);
    await drain.open(2, ALL_AT_ONCE);
    peers[0]?.socket.write(
      encodeFrame({ opcode: opcodes.close, mask: false, payload: closePayload(4004, "too slow") }),
    );
    const report = await reportOnce(drain, ({ closed }) => closed === 1);
    expect(report).toMatchObject({ connections: 1, reason: expect.stringContaining("4004 too slow") });
  });

  test("reads event streams, whose chunks are cut anywhere", async () => {
    const head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";
    const { drain, peers } = await drainOn([bareClient("/v1/sse?channels=a")], head, { mode: "sse" });
    await drain.open(1, ALL_AT_ONCE);
    await drain.begin();
    const events = [0, 1, 2].map(
      (sequence) => `id: x\ndata: ${stampedPayload(sequence, nowMicros(), 80)}\n\n`,
    );
    const chunk = (body: string): string => `${body.length.toString(16)}\r\n${body}\r\n`;
    const [first = "", ...others] = events;
    const stream = chunk(first) + chunk(others.join(""));
    let sent = 0;
    for (const end of [3, 40, first.length + 9, stream.length - 1, stream.length]) {
      peers[0]?.socket.write(stream.slice(sent, end));
      sent = end;
      await reportOnce(drain, ({ bytes }) => bytes === end);
    }
    expect(await drain.report()).toMatchObject({ received: 3, skipped: 0, closed: 0 });
    peers[0]?.socket.write(chunk(`data: ${stampedPayload(3, nowMicros(), 80)}\n\n`).slice(0, -2));
    await reportOnce(drain, ({ received }) => received === 4);
    expect(peers[0]?.head).toContain("Accept: text/event-stream");
  });

  test("opens again those that end, each from its own cursor, and goes on counting where it was", async () => {
    const path = "/v1/ws?channels=a{since}";
    const { drain, peers } = await drainOn([bareClient(path), bareClient(path)], SWITCHING, {
      since: "&since=%!",
    });
    await drain.open(2, { inFlight: 1 });
    await drain.begin();
    await drain.keep({ ...ALL_AT_ONCE, waitMs: 1 });
    const stored = (sequence: number, cursor: string): Buffer =>
      text(messageOn("a", sequence).replace("}}", `},"cursor":"${cursor}"}`));
    peers[0]?.socket.write(Buffer.concat([stored(0, "e-1"), stored(1, "e-25"), stored(2, "e-3")]));
    peers[1]?.socket.write(stored(0, "e-1"));
    await reportOnce(drain, ({ received }) => received === 4);
    peers[0]?.socket.destroy();
    await waitUntil(() => peers.length === 3);
    peers[1]?.socket.write(
      encodeFrame({ opcode: opcodes.close, mask: false, payload: closePayload(4000, "") }),
    );
    await waitUntil(() => peers.length === 4);
    expect(peers.map(({ head }) => head.split(" ")[1])).toEqual([
      "/v1/ws?channels=a",
      "/v1/ws?channels=a",
      "/v1/ws?channels=a&since=e-3!",
      "/v1/ws?channels=a&since=e-1!",
    ]);
    peers[2]?.socket.write(stored(4, "e-5"));
    peers[3]?.socket.write(Buffer.concat([stored(0, "e-1"), stored(1, "e-2")]));
    const report = await reportOnce(drain, ({ received, repeated }) => received + repeated === 7);
    expect(report).toMatchObject({ received: 6, skipped: 1, repeated: 1, connections: 2, reopened: 2 });
    expect(report.readyAtMicros).toBeLessThanOrEqual(nowMicros());
  });

  test("goes to the next server when it opens a client again, until one takes it", async () => {
    const gone = createServer();
    gone.listen(0, "127.0.0.1");
    await once(gone, "listening");
    const address = gone.address();
    const port = typeof address === "object" ? (address?.port ?? 0) : 0;
    gone.close();
    await once(gone, "close");
    const { peers, place } = await serverThat(SWITCHING);
    const drain = await started({ port: [place, port, place], plans: [bareClient("/")] });
    await drain.open(1, ALL_AT_ONCE);
    await drain.keep({ ...ALL_AT_ONCE, waitMs: 1 });
    await waitUntil(() => peers.length === 1);
    peers[0]?.socket.destroy();
    const report = await reportOnce(drain, ({ reopened, connections }) => reopened > 0 && connections === 1);
    expect(report).toMatchObject({ reopened: 2 });
  });

  test("comes back when a close says, those first that have the least to wait", async () => {
    const plans = Array.from({ length: 6 }, (_, client) => bareClient(`/${client}`));
    const { drain, peers } = await drainOn(plans);
    await drain.open(6, { inFlight: 1 });
    await drain.keep({ ...ALL_AT_ONCE, waitMs: 60_000 });
    const waits = [180, 60, 240, 1, 120, 300];
    for (const [index, wait] of waits.entries()) {
      const payload = closePayload(4011, `overloaded; retry=${wait}`);
      peers[index]?.socket.write(encodeFrame({ opcode: opcodes.close, mask: false, payload }));
    }
    await waitUntil(() => peers.length === 12);
    const paths = peers.slice(6).map(({ head }) => head.split(" ")[1]);
    expect(paths).toEqual(["/3", "/1", "/4", "/0", "/2", "/5"]);
  });

  test("keeps the id of an event stream", async () => {
    const head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    const plan = bareClient("/v1/sse?channels=a{since}");
    const { drain, peers } = await drainOn([plan], head, { mode: "sse", since: "&last_event_id=%" });
    await drain.open(1, ALL_AT_ONCE);
    await drain.begin();
    await drain.keep({ ...ALL_AT_ONCE, waitMs: 1 });
    const body = `id: e-7\ndata: ${stampedPayload(0, nowMicros(), 80)}\n\n`;
    peers[0]?.socket.end(`${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`);
    await waitUntil(() => peers.length === 2);
    expect(peers[1]?.head).toContain("GET /v1/sse?channels=a&last_event_id=e-7 ");
  });

  test("counts resets, and what says that messages were missed", async () => {
    const { drain, peers } = await drainOn([bareClient("/")]);
    await drain.open(1, ALL_AT_ONCE);
    await drain.begin();
    peers[0]?.socket.write(
      Buffer.concat([
        text('{"type":"reset","channel":"a","cursor":"e-1","reason":"expired"}'),
        text('{"type":"error","code":"messages_missed","missed":3}'),
        text('{"type":"ping"}'),
      ]),
    );
    const report = await reportOnce(drain, ({ other }) => other === 3);
    expect(report).toMatchObject({ resets: 1, missed: 1 });
  });

  test("says how much of a core it used", async () => {
    const { drain } = await drainOn([bareClient("/")]);
    await drain.open(1, ALL_AT_ONCE);
    await drain.begin();
    const report = await drain.report();
    expect(report.cpuShare).toBeGreaterThanOrEqual(0);
    expect(report.waitShare).toBeGreaterThanOrEqual(0);
  });

  test("rejects whoever waits when the program ends", async () => {
    const { drain } = await drainOn([gatewayClient("token", "a.b")], "");
    const opening = drain.open(1, ALL_AT_ONCE);
    opening.catch(() => {});
    await drain.stop();
    await expect(opening).rejects.toMatchObject({ code: "client_failed" });
    await expect(drain.report()).rejects.toMatchObject({ code: "client_failed" });
  });
});
