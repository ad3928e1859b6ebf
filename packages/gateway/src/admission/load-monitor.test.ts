import { describe, expect, it } from "vitest";
import { LoadMonitor } from "./load-monitor.ts";

const MEGABYTE = 1_048_576;

function fixture(limits: { lagMs?: number; memoryBytes?: number } = {}) {
  const world = { now: 0, residentBytes: 0, heapShare: 0, isLinked: true };
  const changes: string[] = [];
  const monitor = new LoadMonitor(
    { lagMs: 500, memoryBytes: undefined, ...limits },
    {
      now: () => world.now,
      residentBytes: () => world.residentBytes,
      heapShare: () => world.heapShare,
      isLinked: () => world.isLinked,
    },
    (load, sheds) => changes.push(`${load} ${sheds ? "on" : "off"}`),
  );
  /** Lets time pass while the event loop is late by `lagMs` at every turn. */
  const pass = (ms: number, lagMs = 0): void => {
    const until = world.now + ms;
    while (world.now < until) {
      world.now += 100 + lagMs;
      monitor.sample();
    }
  };
  return { world, monitor, changes, pass };
}

describe("LoadMonitor", () => {
  it("finds that the event loop is late, but not for one long turn", () => {
    const { monitor, changes, pass } = fixture();
    pass(1_000);
    pass(4_000, 4_000);
    pass(1_000);
    expect(monitor.overload).toBeUndefined();
    pass(3_000, 600);
    expect(monitor.overload).toBe("lag");
    expect(monitor.isSevere).toBe(false);
    pass(5_000, 2_000);
    expect(monitor.isSevere).toBe(true);
    // Better, but not well.
    pass(10_000, 300);
    expect(monitor.overload).toBe("lag");
    expect(monitor.isSevere).toBe(false);
    pass(3_500);
    expect(monitor.overload).toBeUndefined();
    expect(changes).toStrictEqual(["lag on", "lag off"]);
  });

  it("never sheds for lag when told so", () => {
    const { monitor, pass } = fixture({ lagMs: 0 });
    pass(100_000, 10_000);
    expect(monitor.overload).toBeUndefined();
    expect(monitor.isSevere).toBe(false);
  });

  it("finds that there is too much memory in use, of the process or of the heap", () => {
    const { world, monitor, pass } = fixture({ memoryBytes: 100 * MEGABYTE });
    world.residentBytes = 101 * MEGABYTE;
    pass(1_000);
    expect(monitor.isTooMuch("memory")).toBe(true);
    world.residentBytes = 95 * MEGABYTE;
    pass(60_000);
    expect(monitor.isTooMuch("memory")).toBe(true);
    world.residentBytes = 89 * MEGABYTE;
    pass(5_000);
    expect(monitor.isTooMuch("memory")).toBe(false);
    world.heapShare = 0.91;
    pass(1_000);
    expect(monitor.overload).toBe("memory");
  });

  it("minds a link to NATS that stays away, and lets everybody in as soon as it is back", () => {
    const { world, monitor, pass } = fixture();
    world.isLinked = false;
    pass(4_000);
    expect(monitor.overload).toBeUndefined();
    pass(2_000);
    expect(monitor.overload).toBe("nats");
    world.isLinked = true;
    pass(100);
    expect(monitor.overload).toBeUndefined();
  });

  it("samples by itself between start and stop", async () => {
    const { monitor, world } = fixture();
    let asked = 0;
    Object.defineProperty(world, "isLinked", {
      get: () => {
        asked += 1;
        return true;
      },
    });
    monitor.start();
    monitor.start();
    await expect.poll(() => asked).toBeGreaterThan(1);
    monitor.stop();
  });
});
