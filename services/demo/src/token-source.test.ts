import { afterEach, beforeEach, expect, test, vi } from "vitest";

interface TokenSource {
  get(): Promise<string>;
  discard(token: string): void;
}

const page: { readonly TokenSource: new (name: string) => TokenSource } = await import(
  new URL("../page/token.js", import.meta.url).href
);

let brought: number;
let source: TokenSource;

beforeEach(() => {
  vi.useFakeTimers();
  brought = 0;
  vi.stubGlobal("fetch", async () => {
    brought += 1;
    return Response.json({ token: `token-${brought}`, expiresIn: 100 });
  });
  source = new page.TokenSource("guest");
});

afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

test("brings one token for all who ask at once, and keeps it for most of its life", async () => {
  expect(await Promise.all([source.get(), source.get()])).toEqual(["token-1", "token-1"]);
  vi.advanceTimersByTime(79_000);
  expect(await source.get()).toBe("token-1");
  vi.advanceTimersByTime(1_000);
  expect(await source.get()).toBe("token-2");
});

test("brings another for one that was refused, once", async () => {
  const token = await source.get();
  source.discard(token);
  expect(await source.get()).toBe("token-2");
  source.discard(token);
  expect(await source.get()).toBe("token-2");
});

test("passes a failure on and asks again the next time", async () => {
  vi.stubGlobal("fetch", async () => Response.json({ message: "not now" }, { status: 503 }));
  await expect(source.get()).rejects.toThrow("not now");
  vi.stubGlobal("fetch", async () => Response.json({ token: "t", expiresIn: 100 }));
  expect(await source.get()).toBe("t");
});
