import { startNats } from "@tidegate/testkit";
import { afterAll, expect, it } from "vitest";
import { startEngine } from "../../testing/webhook-world.ts";
import { newEndpointId } from "../endpoints/endpoint-store.ts";
import type { AttemptQuery } from "./attempt-log.ts";
import type { AttemptRecord } from "./attempt-record.ts";

const server = await startNats({ own: true });
afterAll(() => server.stop());

const COUNT = 400;
const isFailure = (number: number): boolean => number % 40 === 39;

function recordOf(endpoint: string, number: number): AttemptRecord {
  const outcome = isFailure(number) ? "failed" : "delivered";
  const parts = {
    endpoint,
    channel: "shop.a",
    copy: 1,
    attempt: 1,
    run: "",
    next: { kind: "done" },
  } as const;
  return { ...parts, outcome, message: `m${number % 100}`, at: number, durationMs: 1 };
}

it("gives attempts page by page, with one request for each, however few of many are asked for", async () => {
  await using world = await startEngine(server.url, { prefix: "log", namespaces: [] });
  const { attempts } = world.engine;
  const endpoint = newEndpointId();
  const numbers = Array.from({ length: COUNT }, (_, number) => number);
  // One connection keeps their order.
  const ids = numbers.flatMap((number) => [[endpoint, number] as const, [newEndpointId(), number] as const]);
  await Promise.all(ids.map(([id, number]) => attempts.append(recordOf(id, number))));
  let requests = 0;
  const requested = world.link.nats.subscribe(`$JS.API.DIRECT.GET.${world.names.attemptStream}`, {
    callback: () => {
      requests += 1;
    },
  });
  const pagesOf = async (query: Partial<AttemptQuery>): Promise<readonly (readonly number[])[]> => {
    const pages: number[][] = [];
    for (let after: number | undefined = 0; after !== undefined; ) {
      const all = { endpoint, failed: false, since: 0, limit: 50 };
      const page = await attempts.query({ ...all, ...query, after });
      pages.push(page.attempts.map(({ at }) => at));
      after = page.next;
    }
    await world.link.nats.flush();
    expect(requests).toBe(pages.length);
    requests = 0;
    return pages;
  };
  const failures = numbers.filter(isFailure);
  const pages = await pagesOf({});
  expect(pages.map(({ length }) => length)).toEqual(Array.from({ length: COUNT / 50 }, () => 50));
  expect(pages.flat()).toEqual(numbers);
  expect(await pagesOf({ failed: true })).toEqual([failures]);
  expect(await pagesOf({ failed: true, limit: 6 })).toEqual([failures.slice(0, 6), failures.slice(6)]);
  expect(await pagesOf({ message: "m39" })).toEqual([[39, 139, 239, 339]]);
  expect(await pagesOf({ message: "m39", failed: true })).toEqual([[39, 239]]);
  expect(await pagesOf({ message: "none" })).toEqual([[]]);
  expect(await pagesOf({ since: Date.now() + 60_000 })).toEqual([[]]);
  requested.unsubscribe();
  expect((await attempts.last(endpoint, "m39"))?.at).toBe(339);
  expect(await attempts.last(endpoint, "m400")).toBeUndefined();
});

it("gives no more in a page than fits into memory, and always something", async () => {
  await using world = await startEngine(server.url, { prefix: "big", namespaces: [] });
  const { deadLetters } = world.engine;
  const endpoint = newEndpointId();
  const payload = new Uint8Array(900_000);
  for (let number = 0; number < 7; number += 1) {
    const id = `m${number}`;
    const task = { endpoint, id, channel: "shop.a", message: 1, attempt: 2, since: 0, run: "" };
    const message = { id, channel: "shop.a", event: undefined, time: 0, payload, hops: 0 };
    await deadLetters.add(task, message, { reason: "exhausted", attempts: 1, at: number });
  }
  const first = await deadLetters.list(endpoint, { since: 0, after: 0, limit: 200 });
  expect(first.letters.length).toBeLessThan(7);
  expect(first.next).toBeDefined();
  const second = await deadLetters.list(endpoint, { since: 0, after: first.next ?? 0, limit: 200 });
  expect([...first.letters, ...second.letters].map(({ letter }) => letter.at)).toEqual([0, 1, 2, 3, 4, 5, 6]);
  expect(second.next).toBeUndefined();
});
