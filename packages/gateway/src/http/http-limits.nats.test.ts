import { setTimeout as delay } from "node:timers/promises";
import { openRawSocket, waitUntil } from "@tidegate/testkit";
import { describe, expect, it } from "vitest";
import { readAnswer, requestText } from "../../testing/http-client.ts";
import { startNode, userToken } from "../../testing/running-node.ts";

const BEARER = { authorization: `Bearer ${await userToken()}` };
const JSON_TYPE = { "content-type": "application/json" };

describe("the rate", () => {
  it("is one of each user, and of each address for those who are nobody", async () => {
    await using slow = await startNode({ http: { requestsPerSecond: 1, requestBurst: 3 } });
    const statuses = async (headers: Record<string, string>): Promise<number[]> => {
      const results: number[] = [];
      for (let count = 0; count < 4; count += 1) {
        const answer = await fetch(slow.http("/v1/poll?channels=news.a&timeout=0"), { headers });
        results.push(answer.status);
        if (answer.status === 429) {
          expect(Number(answer.headers.get("retry-after"))).toBeGreaterThanOrEqual(1);
          const problem = (await answer.json()) as { retryAfter: number; code: string };
          expect(problem.code).toBe("rate_limited");
          expect(problem.retryAfter).toBeGreaterThan(0);
        }
      }
      return results;
    };
    expect(await statuses(BEARER)).toStrictEqual([200, 200, 200, 429]);
    expect(await statuses({ authorization: `Bearer ${await userToken({ sub: "bob" })}` })).toStrictEqual([
      200, 200, 200, 429,
    ]);
    expect(await statuses({})).toStrictEqual([200, 200, 200, 429]);
    expect(await statuses({ authorization: "Bearer x" })).toStrictEqual([429, 429, 429, 429]);
  });
});

describe("a node that is full", () => {
  it("says so to requests", async () => {
    await using full = await startNode({ limits: { connections: 1 } });
    await using _client = await full.connect();
    const answer = await fetch(full.http("/v1/poll?channels=chat.a&timeout=0"), { headers: BEARER });
    expect(answer.status).toBe(503);
    expect(answer.headers.get("retry-after")).toBe("1");
    expect(await answer.json()).toMatchObject({ code: "node_full", retryable: true });
  });

  it("counts what an address has open, on whatever transport", async () => {
    await using crowded = await startNode({ limits: { connectionsPerAddress: 2 } });
    await using _client = await crowded.connect();
    const abort = new AbortController();
    const waiting = fetch(crowded.http("/v1/poll?channels=chat.a"), {
      headers: BEARER,
      signal: abort.signal,
    });
    waiting.catch(() => {});
    await waitUntil(async () => (await crowded.metric('tidegate_connections{transport="poll"}')) === 1, {
      message: "the poll to wait",
    });
    const answer = await fetch(crowded.http("/v1/poll?channels=chat.a"), { headers: BEARER });
    expect(answer.status).toBe(429);
    expect(await answer.json()).toMatchObject({ code: "address_limit" });
    abort.abort();
    await waitUntil(async () => (await crowded.metric('tidegate_connections{transport="poll"}')) === 0, {
      message: "the poll to be forgotten",
    });
    await crowded.open();
  });
});

describe("a node that leaves", () => {
  it("waits for requests that it works on, and takes no more", async () => {
    await using leaving = await startNode();
    const asked: { respond(data: string): void }[] = [];
    leaving.backend.subscribe("rpc.demo.slow", {
      callback: (_error, message) => {
        asked.push(message);
      },
    });
    await leaving.backend.flush();
    const kept = await openRawSocket(leaving.gateway.port);
    const body = '{"method":"demo.slow"}';
    const slow = fetch(leaving.http("/v1/request"), {
      method: "POST",
      body,
      headers: { ...BEARER, ...JSON_TYPE },
    });
    await waitUntil(() => asked.length > 0, { message: "the backend to be asked" });
    let isOver = false;
    const drained = leaving.gateway.drain(AbortSignal.timeout(10_000)).then(() => {
      isOver = true;
    });
    await waitUntil(async () => (await leaving.ready()) === 503, { message: "the node to be unready" });
    const headers = { ...BEARER, ...JSON_TYPE };
    await kept.write(requestText("/v1/request", { method: "POST", headers, body }) + body);
    const refused = await readAnswer(kept);
    expect(refused).toMatchObject({ status: 503, headers: { connection: "close" } });
    expect(JSON.parse(refused.body)).toMatchObject({ code: "draining" });
    await delay(100);
    expect(isOver).toBe(false);
    asked[0]?.respond('"done"');
    const answer = await slow;
    expect(answer.headers.get("connection")).toBe("close");
    expect(await answer.json()).toStrictEqual({ data: "done" });
    await drained;
    await kept.close();
  });
});
