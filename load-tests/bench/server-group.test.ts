import { describe, expect, test } from "vitest";
import type { BenchServer } from "./bench-server.ts";
import { ServerGroup } from "./server-group.ts";

function member(port: number, cpuSeconds: number, lagMaxSeconds: number, stopped: number[]): BenchServer {
  const readings = { ...{ cpuSeconds, residentBytes: 100, heapUsedBytes: 10, externalBytes: 1 } };
  return {
    ports: [port],
    pids: [port],
    readings: () =>
      Promise.resolve({ ...readings, lagP50Seconds: 0, lagP99Seconds: lagMaxSeconds / 2, lagMaxSeconds }),
    collectGarbage: () => Promise.resolve(),
    stop: () => {
      stopped.push(port);
      return Promise.resolve();
    },
  };
}

describe("ServerGroup", () => {
  test("uses what all use together, and lags as the one that lags most", async () => {
    const starts = [1, 2].map((port) => () => Promise.resolve(member(port, port, port / 10, [])));
    const group = await ServerGroup.start(starts);
    expect(group.ports).toEqual([1, 2]);
    expect(group.pids).toEqual([1, 2]);
    expect(await group.readings()).toMatchObject({
      ...{ cpuSeconds: 3, residentBytes: 200, heapUsedBytes: 20, externalBytes: 2 },
      ...{ lagP99Seconds: 0.1, lagMaxSeconds: 0.2 },
    });
  });

  test("leaves none running where one does not start", async () => {
    const stopped: number[] = [];
    const starts = [
      () => Promise.resolve(member(1, 0, 0, stopped)),
      () => Promise.reject(new Error("no second")),
    ];
    await expect(ServerGroup.start(starts)).rejects.toThrow("no second");
    expect(stopped).toEqual([1]);
  });
});
