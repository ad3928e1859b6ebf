import { encodeFrame, openRawSocket, upgradeRequest, waitUntil } from "@tidegate/testkit";
import { afterAll, describe, expect, it } from "vitest";
import { startNode, userToken } from "../testing/running-node.ts";

const AT_ONCE = 20;
const node = await startNode({
  // So few that a single one that is never given back would soon be missed.
  limits: {
    connections: 2 * AT_ONCE,
    connectionsPerAddress: 2 * AT_ONCE,
    messagesPerSecond: 100_000,
    messageBurst: 100_000,
  },
});
afterAll(() => node[Symbol.asyncDispose]());

const token = await userToken();

async function everythingIsGone(): Promise<void> {
  for (const gauge of [
    'tidegate_connections{transport="websocket"}',
    "tidegate_subscriptions",
    "tidegate_channels",
    "tidegate_nats_subscriptions",
  ]) {
    await waitUntil(async () => (await node.metric(gauge)) === 0, { message: `${gauge} to be 0` });
  }
}

describe("a node that was visited by many", () => {
  it("keeps nothing of 2,000 clients, however they came and went", async () => {
    const query = `channels=chat.a,chat.b.*,user.ada.x&access_token=${token}`;
    const visit = async (number: number): Promise<void> => {
      await using socket = await openRawSocket(node.gateway.port);
      switch (number % 5) {
        case 0:
          // Gone before the upgrade.
          await socket.write(upgradeRequest({ path: "/v1/ws" }).slice(0, 60));
          return;
        case 1:
          // Gone before it was authenticated.
          await socket.handshake({ path: "/v1/ws" });
          return;
        case 2:
          // Gone with its subscriptions still pending.
          await socket.handshake({ path: `/v1/ws?${query}` });
          socket.reset();
          return;
        case 3:
          await socket.handshake({ path: "/v1/ws?access_token=forged" });
          await socket.readFrame();
          return;
        default:
          // Stays for a while, and leaves as one should.
          await socket.handshake({ path: `/v1/ws?${query}` });
          for (let frames = 0; frames < 4; frames += 1) {
            await socket.readFrame();
          }
          await socket.writeFrame({ opcode: 8 });
      }
    };
    for (let number = 0; number < 2_000; number += AT_ONCE) {
      await Promise.all(Array.from({ length: AT_ONCE }, (_, index) => visit(number + index)));
      // Some of them are gone on our side before the node has noticed.
      await waitUntil(
        async () => (await node.metric('tidegate_connections{transport="websocket"}')) <= AT_ONCE,
      );
    }
    await everythingIsGone();
    expect(await node.metric('tidegate_closes_total{code="address_limit"}')).toBe(0);
    expect(await node.metric('tidegate_closes_total{code="node_full"}')).toBe(0);
    const opened = await node.metric('tidegate_connections_opened_total{transport="websocket"}');
    const closes = (await node.metrics()).matchAll(/^tidegate_closes_total\{[^}]*\} (\d+)$/gm);
    expect([...closes].reduce((sum, [, count]) => sum + Number(count), 0)).toBe(opened);
  });

  it("keeps nothing of 20,000 bad frames", async () => {
    const bad = [
      "nonsense",
      '{"type":"subscribe","id":1,"channel":"chat..a"}',
      '{"type":"subscribe","id":1,"channel":"secret.a"}',
      '{"type":"unsubscribe","id":1,"channel":"chat.none"}',
      '{"type":"publish","id":1,"channel":"feed.a","data":1}',
      '{"type":"request","id":1,"method":"nobody.listens"}',
      '{"type":"refresh","id":1,"token":"forged"}',
      '{"type":"shout","id":1}',
    ].map((frame) => JSON.stringify(frame));
    let id = 0;
    await Promise.all(
      Array.from({ length: 4 }, async () => {
        await using socket = await node.raw({ query: `access_token=${token}` });
        await socket.readFrame();
        for (let batch = 0; batch < 50; batch += 1) {
          const frames = Array.from({ length: 100 }, (_, index) => {
            id += 1;
            const frame = String(JSON.parse(bad[index % bad.length] ?? '""')).replace('"id":1', `"id":${id}`);
            return encodeFrame({ payload: frame });
          });
          await socket.write(Buffer.concat(frames));
          for (let answers = 0; answers < 100; answers += 1) {
            const answer = JSON.parse((await socket.readFrame()).payload.toString()) as { type: string };
            expect(answer.type).toBe("error");
          }
        }
      }),
    );
    await everythingIsGone();
    expect(await node.metric('tidegate_closes_total{code="internal_error"}')).toBe(0);
    expect(await node.metric('tidegate_errors_total{code="internal_error"}')).toBe(0);
  });
});
