import { readEnvironment } from "@tidegate/runtime";
import { opcodes, openRawSocket, type RawSocket, TestkitError, waitUntil } from "@tidegate/testkit";
import fc from "fast-check";
import { afterAll, expect, it } from "vitest";
import { deadlyInput, encodeInput, type FuzzInput, harmlessInput } from "../testing/frame-arbitraries.ts";
import { GRANTS, startNode, userToken } from "../testing/running-node.ts";

// FUZZ_FRAMES=100000 for a long run, FUZZ_SEED to repeat one.
const environment = readEnvironment();
const FRAMES = Number(environment["FUZZ_FRAMES"] ?? 5_000);
const SEED = Number(environment["FUZZ_SEED"] ?? Date.now() % 1_000_000);
const CONNECTIONS = 4;
/** Sent without looking at what comes back. */
const BATCH = 25;

const node = await startNode({
  limits: {
    frameBytes: "16KiB",
    payloadBytes: "8KiB",
    messagesPerSecond: 5_000,
    messageBurst: 5_000,
    requestTimeoutMs: "100ms",
  },
  namespaces: { room: { publish: "direct", history: { replicas: 1, messagesPerChannel: 100 } } },
});
afterAll(() => node[Symbol.asyncDispose]());

const token = await userToken({
  grants: {
    ...GRANTS,
    subscribe: [...GRANTS.subscribe, "room", "room.>"],
    publish: [...GRANTS.publish, "room", "room.>"],
    history: ["room", "room.>"],
  },
});

interface Entrance {
  readonly query: string;
  /** How many batches this one may live to send, before something that may end it. */
  readonly batches: number;
}

/** How the attackers come in: as users with all kinds of frames, anonymous, raw, or not at all. */
const ENTRANCES: readonly Entrance[] = [
  { query: `access_token=${token}`, batches: 10 },
  { query: `access_token=${token}&binary=true&channels=chat.a`, batches: 10 },
  { query: "channels=news.world", batches: 10 },
  { query: `access_token=${token}&channels=room.a,room.*&since=zzzzzzzz-1`, batches: 10 },
  { query: `access_token=${token}&format=raw&channels=chat.a,room.a`, batches: 0 },
  { query: "", batches: 0 },
];

/** Reads what came back up to the end: every text frame of a connection that is not raw has to be a message. */
async function readAll(socket: RawSocket, raw: boolean): Promise<void> {
  for (;;) {
    const frame = await socket.readFrame().catch((error: unknown) => {
      if (error instanceof TestkitError && error.code === "socket-closed") {
        return undefined;
      }
      throw error;
    });
    if (frame === undefined) {
      return;
    }
    const { opcode, payload, rsv1, rsv2, rsv3, wasMasked } = frame;
    expect([rsv1, rsv2, rsv3, wasMasked]).toStrictEqual([false, false, false, false]);
    if (opcode === opcodes.text && !raw) {
      expect(JSON.parse(payload.toString())).toMatchObject({ type: expect.any(String) });
    }
  }
}

function countsByCode(metrics: string, name: string): Readonly<Record<string, number>> {
  const series = metrics.matchAll(new RegExp(`^${name}\\{code="([a-z_]+)"\\} ([1-9]\\d*)$`, "gm"));
  return Object.fromEntries([...series].map(([, code = "", count]) => [code, Number(count)]));
}

it(
  `serves others through ${FRAMES} frames of anything at all (seed ${SEED})`,
  async ({ annotate }) => {
    node.backend.subscribe("rpc.demo.echo", {
      callback: (_error, message) => {
        message.respond(message.data);
      },
    });
    const witness = await node.subscriber(["chat.witness"], { token });
    const startedAt = performance.now();
    const kinds: Record<string, number> = {};
    let visits = 0;
    let sent = 0;

    const send = async (socket: RawSocket, inputs: readonly FuzzInput[], firstId: number): Promise<void> => {
      await socket.write(Buffer.concat(inputs.map((input, index) => encodeInput(input, firstId + index))));
      for (const { kind, frames } of inputs) {
        kinds[kind] = (kinds[kind] ?? 0) + 1;
        sent += frames.length;
      }
      const number = sent;
      node.publish("chat.witness", String(number));
      await witness.next((message) => message.data === number);
    };
    const attack = async (attacker: number): Promise<void> => {
      for (let round = 0; sent < FRAMES; round += 1) {
        const { query, batches } = ENTRANCES[(attacker + round) % ENTRANCES.length] ?? {
          query: "",
          batches: 0,
        };
        const seed = SEED + attacker * 1_000_003 + round * 101;
        visits += 1;
        await using socket = await openRawSocket(node.gateway.port);
        await socket.handshake({ path: `/v1/ws?${query}` });
        for (let batch = 0; batch < batches && sent < FRAMES; batch += 1) {
          const inputs = fc.sample(harmlessInput, { numRuns: BATCH, seed: seed + batch });
          await send(socket, inputs, 2 + batch * BATCH);
        }
        await send(socket, fc.sample(deadlyInput, { numRuns: 2, seed }), 2 + batches * BATCH);
        socket.endWrites();
        await readAll(socket, query.includes("raw"));
      }
    };
    await Promise.all(Array.from({ length: CONNECTIONS }, (_, attacker) => attack(attacker)));
    const seconds = (performance.now() - startedAt) / 1_000;

    await witness.close();
    await waitUntil(async () => (await node.metric('tidegate_connections{transport="websocket"}')) === 0);
    const metrics = await node.metrics();
    const closes = countsByCode(metrics, "tidegate_closes_total");
    const errors = countsByCode(metrics, "tidegate_errors_total");
    const received = await node.metric("tidegate_messages_in_total");
    const answered = await node.metric("tidegate_messages_out_total");
    await annotate(JSON.stringify({ sent, received, answered, seconds, visits, kinds, closes, errors }));
    // Most of it did reach the node: fragments and control frames make no messages, and neither does what follows a deadly one.
    expect(received).toBeGreaterThan(FRAMES / 2);
    expect([closes["internal_error"], errors["internal_error"]]).toStrictEqual([undefined, undefined]);
    expect(node.log.filter((line) => /"level":"(?:error|fatal)"/.test(line))).toStrictEqual([]);
    expect(await node.metric("tidegate_nats_callback_errors_total")).toBe(0);
  },
  30_000 + FRAMES * 10,
);
