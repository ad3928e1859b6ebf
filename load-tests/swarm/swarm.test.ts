import { once } from "node:events";
import { createServer, type Server, type Socket } from "node:net";
import { closePayload, encodeFrame, opcodes } from "@tidegate/testkit";
import { afterEach, describe, expect, test } from "vitest";
import { bareClient, type ClientPlan, gatewayClient } from "../client-plan.ts";
import { ACCEPTED } from "./opening-bytes.ts";
import { Swarm } from "./swarm.ts";

const SWITCHING = Buffer.from(
  `HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Accept: ${ACCEPTED.toString("latin1")}\r\n\r\n`,
);
const SUBSCRIBED = encodeFrame({ mask: false, payload: '{"type":"subscribed","channel":"a.b"}' });
const ONE_AT_A_TIME = { inFlight: 1, signal: new AbortController().signal };

const openServers: Server[] = [];
const openSwarms: Swarm[] = [];

afterEach(async () => {
  for (const swarm of openSwarms.splice(0)) {
    swarm.close();
  }
  for (const server of openServers.splice(0)) {
    server.close();
    await once(server, "close");
  }
});

/** Clients of a server that answers the first bytes of each with `answer`, and hands over whatever comes next. */
async function swarmOn(
  plans: readonly ClientPlan[],
  answer: () => Buffer,
  onMore: (socket: Socket, bytes: Buffer) => void = () => {},
): Promise<Swarm> {
  const server = createServer((socket) => {
    socket.on("error", () => {});
    socket.once("data", () => {
      socket.on("data", (bytes: Buffer) => onMore(socket, bytes));
      socket.write(answer());
    });
  });
  openServers.push(server);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") {
    throw new TypeError("a TCP server has a port");
  }
  const swarm = new Swarm([address.port], plans);
  openSwarms.push(swarm);
  return swarm;
}

describe("Swarm", () => {
  test("counts clients of a bare server as ready with the handshake", async () => {
    const swarm = await swarmOn([bareClient("/"), bareClient("/"), bareClient("/")], () => SWITCHING);
    await swarm.open(3, ONE_AT_A_TIME);
    expect(swarm.size).toBe(3);
  });

  test("counts clients of a gateway as ready once their channel is confirmed, and keeps to the pace", async () => {
    let underWay = 0;
    let most = 0;
    const waiting: Socket[] = [];
    const swarm = await swarmOn(
      Array.from({ length: 6 }, () => gatewayClient("token", "a.b")),
      () => {
        underWay += 1;
        most = Math.max(most, underWay);
        return SWITCHING;
      },
      (socket) => {
        waiting.push(socket);
        if (waiting.length === 2) {
          underWay -= waiting.length;
          for (const one of waiting.splice(0)) {
            one.write(SUBSCRIBED);
          }
        }
      },
    );
    await swarm.open(6, { ...ONE_AT_A_TIME, inFlight: 2 });
    expect(swarm.size).toBe(6);
    expect(most).toBe(2);
  });

  test("closes the last of its clients, and opens them again", async () => {
    const swarm = await swarmOn([bareClient("/1"), bareClient("/2"), bareClient("/3")], () => SWITCHING);
    await swarm.open(3, ONE_AT_A_TIME);
    swarm.close(2);
    expect(swarm.size).toBe(1);
    await swarm.open(2, ONE_AT_A_TIME);
    expect(swarm.size).toBe(3);
  });

  test("hands over frames with the number of their client, also those behind the handshake", async () => {
    const hello = encodeFrame({ mask: false, payload: "hello" });
    const swarm = await swarmOn([bareClient("/"), bareClient("/")], () => Buffer.concat([SWITCHING, hello]));
    const frames: string[] = [];
    const bothCame = new Promise<void>((resolve) => {
      swarm.deliverTo((client, bytes, start, end) => {
        if (frames.push(`${client} ${bytes.toString("latin1", start, end)}`) === 2) {
          resolve();
        }
      });
    });
    await swarm.open(2, ONE_AT_A_TIME);
    await bothCame;
    expect(frames).toEqual(["0 hello", "1 hello"]);
  });

  test("answers pings with their payload", async () => {
    const ping = encodeFrame({ opcode: opcodes.ping, mask: false, payload: "ab" });
    const answered = Promise.withResolvers<Buffer>();
    const swarm = await swarmOn(
      [bareClient("/")],
      () => Buffer.concat([SWITCHING, ping]),
      (_socket, bytes) => answered.resolve(bytes),
    );
    await swarm.open(1, ONE_AT_A_TIME);
    const pong = await answered.promise;
    const mask = pong.subarray(2, 6);
    expect(pong.equals(encodeFrame({ opcode: opcodes.pong, mask, payload: "ab" }))).toBe(true);
  });

  test.each([
    ["refuses the handshake", "HTTP/1.1 404 Not Found\r\n\r\n", "404 Not Found"],
    ["accepts another key", SWITCHING.toString("latin1").replace(ACCEPTED.toString(), "else"), "answered"],
  ])("fails with what a server says that %s", async (_, answer, said) => {
    const swarm = await swarmOn([bareClient("/")], () => Buffer.from(answer));
    await expect(swarm.open(1, ONE_AT_A_TIME)).rejects.toMatchObject({
      code: "connect_failed",
      message: expect.stringContaining(said),
    });
  });

  test.each([
    ["an error", encodeFrame({ mask: false, payload: '{"type":"error","code":"forbidden"}' }), "forbidden"],
    [
      "a close",
      encodeFrame({ opcode: opcodes.close, mask: false, payload: closePayload(4502, "bad token") }),
      "4502 bad token",
    ],
    ["a broken frame", encodeFrame({ payload: "masked" }), "masked"],
  ])("fails when a gateway answers the greeting with %s", async (_, frame, said) => {
    const swarm = await swarmOn(
      [gatewayClient("token", "a.b")],
      () => SWITCHING,
      (socket) => socket.write(frame),
    );
    await expect(swarm.open(1, ONE_AT_A_TIME)).rejects.toMatchObject({
      code: "connect_failed",
      message: expect.stringContaining(said),
    });
  });

  test("tells whoever waits that a client which was ready is gone", async () => {
    const bye = encodeFrame({ opcode: opcodes.close, mask: false, payload: closePayload(4003, "no pong") });
    const swarm = await swarmOn([bareClient("/")], () => Buffer.concat([SWITCHING, bye]));
    await swarm.open(1, ONE_AT_A_TIME);
    await expect(swarm.orFailure(new Promise(() => {}))).rejects.toMatchObject({
      code: "connection_lost",
      message: expect.stringContaining("4003 no pong"),
    });
  });

  test("gives up with the reason of the signal", async () => {
    const asked = Promise.withResolvers<void>();
    const swarm = await swarmOn([bareClient("/")], () => {
      asked.resolve();
      return Buffer.alloc(0);
    });
    const giveUp = new AbortController();
    const opening = swarm.open(1, { inFlight: 1, signal: giveUp.signal });
    await asked.promise;
    giveUp.abort(new Error("enough"));
    await expect(opening).rejects.toThrow("enough");
  });
});
