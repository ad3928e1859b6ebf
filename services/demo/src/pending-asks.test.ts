import { afterEach, beforeEach, expect, test, vi } from "vitest";

interface Ask {
  readonly message: Readonly<Record<string, unknown>>;
  readonly resolve: (answer: unknown) => void;
  readonly reject: (error: Error) => void;
  readonly resendUntil: number | undefined;
}

interface PendingAsks {
  add(id: number, ask: Ask): void;
  settle(id: number): Ask | undefined;
  lose(): void;
  sendAgain(send: (message: Ask["message"]) => number): void;
  giveUp(): void;
}

const page: { readonly PendingAsks: new () => PendingAsks } = await import(
  new URL("../page/pending-asks.js", import.meta.url).href
);

let asks: PendingAsks;
let failures: string[];
let sent: string[];

beforeEach(() => {
  vi.useFakeTimers();
  asks = new page.PendingAsks();
  failures = [];
  sent = [];
});

afterEach(() => {
  vi.useRealTimers();
});

function ask(name: string, resendWithin?: number): Ask {
  return {
    message: { name },
    resolve: () => {},
    reject: (error) => failures.push(`${name}: ${error.message}`),
    resendUntil: resendWithin === undefined ? undefined : Date.now() + resendWithin,
  };
}

function sendAgain(): void {
  let id = 100;
  asks.sendAgain(({ name }) => {
    sent.push(String(name));
    id += 1;
    return id;
  });
}

test("an answer settles what was asked, once", () => {
  const one = ask("one");
  asks.add(1, one);
  expect([asks.settle(1), asks.settle(1), asks.settle(2)]).toEqual([one, undefined, undefined]);
});

test("with a lost connection fails what may not be done twice; the rest is sent again in order, under new ids", () => {
  asks.add(1, ask("say hello", 60_000));
  asks.add(2, ask("roll the dice"));
  asks.add(3, ask("say bye", 60_000));
  asks.lose();
  expect(failures).toEqual(["roll the dice: the connection was lost before the answer came"]);
  sendAgain();
  expect(sent).toEqual(["say hello", "say bye"]);
  expect([asks.settle(1), asks.settle(101)?.message, asks.settle(102)?.message]).toEqual([
    undefined,
    { name: "say hello" },
    { name: "say bye" },
  ]);
});

test("outlives several losses, but not its time", () => {
  asks.add(1, ask("say hello", 60_000));
  asks.lose();
  sendAgain();
  asks.lose();
  vi.advanceTimersByTime(60_000);
  sendAgain();
  expect(sent).toEqual(["say hello"]);
  expect(failures).toHaveLength(1);
});

test("fails what waits when there will be no other connection", () => {
  asks.add(1, ask("say hello", 60_000));
  asks.lose();
  asks.giveUp();
  sendAgain();
  expect([sent, failures.length]).toEqual([[], 1]);
});
