import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { setImmediate } from "node:timers/promises";
import { createMetrics } from "@tidegate/runtime";
import { freePort } from "@tidegate/testkit";
import { describe, expect, test } from "vitest";
import { LoadTestError } from "../load-test-error.ts";
import { fetchReadings, parseReadings } from "./process-readings.ts";

const PAGE = [
  "# HELP process_cpu_user_seconds_total CPU time.",
  "process_cpu_user_seconds_total 1.5",
  "process_cpu_system_seconds_total 0.25",
  "process_resident_memory_bytes 1048576",
  "nodejs_heap_size_used_bytes 1024",
  "nodejs_external_memory_bytes 512",
  "nodejs_eventloop_lag_p50_seconds 0.0001",
  "nodejs_eventloop_lag_p99_seconds 0.002",
  "nodejs_eventloop_lag_max_seconds 0.03",
].join("\n");

describe("fetchReadings", () => {
  test("asks over a connection of its own each time, since a server may be closing the one before", async () => {
    let connections = 0;
    const server = createServer((_request, response) => response.end(PAGE)).listen(0, "127.0.0.1");
    server.on("connection", () => {
      connections += 1;
    });
    await once(server, "listening");
    try {
      const { port } = server.address() as AddressInfo;
      expect((await fetchReadings(port)).cpuSeconds).toBe(1.75);
      // By then the client would use the connection again.
      await setImmediate();
      await fetchReadings(port);
      expect(connections).toBe(2);
    } finally {
      server.close();
    }
  });

  test("says why there was no answer", async () => {
    await expect(fetchReadings(await freePort())).rejects.toThrow(
      /^server_failed: the server does not answer on \/metrics: .*ECONNREFUSED/,
    );
  });
});

describe("parseReadings", () => {
  test("finds every figure in what our servers export", async () => {
    const { exposition, close } = createMetrics({}, { process: true });
    try {
      const readings = parseReadings(await exposition.text());
      expect(readings.cpuSeconds).toBeGreaterThan(0);
      expect(readings.residentBytes).toBeGreaterThan(readings.heapUsedBytes);
      for (const value of Object.values(readings)) {
        expect(value).not.toBeNaN();
      }
    } finally {
      close();
    }
  });

  test("adds what the program and what the kernel used", () => {
    expect(parseReadings(PAGE)).toEqual({
      cpuSeconds: 1.75,
      residentBytes: 1_048_576,
      heapUsedBytes: 1024,
      externalBytes: 512,
      lagP50Seconds: 0.0001,
      lagP99Seconds: 0.002,
      lagMaxSeconds: 0.03,
    });
  });

  test("names the metric that is missing", () => {
    expect(() => parseReadings("up 1\n")).toThrow(
      new LoadTestError("server_failed", "/metrics has no process_cpu_user_seconds_total"),
    );
  });
});
