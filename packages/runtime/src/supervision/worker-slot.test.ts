import { describe, expect, test } from "vitest";
import { createLogger } from "../logger/create-logger.ts";
import type { WorkerEvents } from "./worker-process.ts";
import { WorkerSlot } from "./worker-slot.ts";

/** A slot whose processes the test starts, silences and ends. */
function fixture() {
  const launched: WorkerEvents[] = [];
  const done: string[] = [];
  const lines: string[] = [];
  let now = 0;
  const slot = new WorkerSlot({
    index: 3,
    launch: (_index, events) => {
      launched.push(events);
      return {
        pid: 1000 + launched.length,
        signal: (signal) => done.push(signal),
        kill: () => done.push("SIGKILL"),
        metrics: () => Promise.resolve([]),
      };
    },
    watchdog: { startMs: 10_000, silentChecks: 2 },
    now: () => now,
    logger: createLogger({ name: "test", level: "info", destination: { write: (line) => lines.push(line) } }),
    onRestart: () => done.push("restart"),
    onExit: () => {},
  });
  const last = (): WorkerEvents | undefined => launched.at(-1);
  return {
    slot,
    launched,
    done,
    lines,
    ready: () => last()?.onReadiness({ kind: "ready" }),
    exit: (code: number | null) => last()?.onExit({ code, signal: code === null ? "SIGKILL" : null }),
    heard: () => last()?.onHeard(),
    /** So many checks, and how many kills there were by their end. */
    checked: (times: number, passedMs = 0) => {
      now += passedMs;
      for (let check = 0; check < times; check += 1) slot.endIfStuck();
      return done.filter((deed) => deed === "SIGKILL").length;
    },
  };
}

describe("the slot of a worker", () => {
  test("tells why it is not ready", () => {
    const { slot, ready, exit, launched } = fixture();
    void slot.start();
    expect(slot.failing).toBe("is starting");
    launched[0]?.onReadiness({
      kind: "not_ready",
      failing: [{ condition: "nats", reason: "the link is down" }],
    });
    expect(slot.failing).toBe("nats: the link is down");
    ready();
    expect(slot.failing).toBeUndefined();
    exit(1);
    expect(slot.failing).toContain("started again");
    void slot.leave();
  });

  test("starts another process for one that ended, and none once it was told to leave", async () => {
    const { slot, ready, exit, done, launched } = fixture();
    const up = slot.start();
    ready();
    await up;
    exit(null);
    await expect.poll(() => launched.length).toBe(2);
    expect(done).toStrictEqual(["restart"]);
    expect(slot.worker).toMatchObject({ kind: "starting", failures: 1 });
    const left = slot.leave();
    void slot.leave();
    expect(done).toStrictEqual(["restart", "SIGTERM"]);
    exit(0);
    expect(await left).toStrictEqual({ code: 0, signal: null });
    expect([slot.isAlive, slot.worker]).toStrictEqual([false, undefined]);
    expect(launched).toHaveLength(2);
  });

  test("leaves at once while it waits to start again", async () => {
    const { slot, exit, launched } = fixture();
    const up = slot.start();
    exit(9);
    await expect(up).rejects.toMatchObject({
      code: "worker_failed",
      message: expect.stringContaining("code 9"),
    });
    expect(await slot.leave()).toStrictEqual({ code: 0, signal: null });
    expect(launched).toHaveLength(1);
  });

  test("kills a process of which nothing is heard, loudly", () => {
    const { slot, ready, heard, checked, lines } = fixture();
    void slot.start();
    ready();
    expect(checked(2)).toBe(0);
    heard();
    expect(checked(2)).toBe(0);
    expect(checked(1)).toBe(1);
    expect(lines.join()).toContain("does not answer");
  });

  test("gives a process that starts its time, and each that replaces one as well", async () => {
    const { slot, ready, exit, checked, launched } = fixture();
    void slot.start();
    expect(checked(20, 9_999)).toBe(0);
    expect(checked(4, 1)).toBe(1);
    exit(null);
    await expect.poll(() => launched.length).toBe(2);
    expect(checked(20, 9_999)).toBe(1);
    ready();
    expect(checked(3)).toBe(2);
  });

  test("has no mercy with a process that is told to leave and does not answer", () => {
    const { slot, ready, checked } = fixture();
    void slot.start();
    ready();
    void slot.leave();
    expect(checked(3)).toBe(1);
  });
});
