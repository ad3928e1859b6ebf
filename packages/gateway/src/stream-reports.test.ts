import type { StreamStatus, StreamStatusListener } from "@tidegate/broker";
import type { Logger } from "@tidegate/runtime";
import { createMetrics } from "@tidegate/runtime";
import { expect, it } from "vitest";
import { GATEWAY_METRICS } from "./metrics.ts";
import { reportStreams } from "./stream-reports.ts";

it("says what is wrong with a stream and how to mend it, and counts those that cannot serve", async () => {
  const logged: [level: string, namespace: unknown, text: string][] = [];
  const log = (level: string) => (fields: { namespace: string }, text: string) =>
    logged.push([level, fields.namespace, text]);
  const streams = new Map<string, StreamStatus>([
    ["chat", { kind: "missing" }],
    ["feed", { kind: "unknown" }],
  ]);
  const listeners: StreamStatusListener[] = [];
  const { metrics, exposition, close } = createMetrics(GATEWAY_METRICS, { process: false });
  const onStreamStatus = (listener: StreamStatusListener) => {
    listeners.push(listener);
    return () => {};
  };
  reportStreams({ streams, onStreamStatus }, metrics, {
    info: log("info"),
    warn: log("warn"),
  } as unknown as Logger);
  const become = (namespace: string, status: StreamStatus) => {
    streams.set(namespace, status);
    for (const listener of listeners) {
      listener(namespace, status);
    }
  };
  const unavailable = async () => /^tidegate_streams_unavailable (\d)$/m.exec(await exposition.text())?.[1];

  expect(logged).toStrictEqual([["warn", "chat", expect.stringMatching(/missing: npm run provision/)]]);
  expect(await unavailable()).toBe("1");
  become("feed", { kind: "unfit", differences: ["no_ack is true, should be not set"] });
  expect(await unavailable()).toBe("2");
  become("chat", { kind: "unreachable", reason: "silence" });
  become("chat", { kind: "fit", epoch: "00000000", differences: ["max_age is 1h, should be 2h"] });
  become("chat", { kind: "fit", epoch: "00000000", differences: [] });
  expect(await unavailable()).toBe("1");
  expect(logged.slice(1)).toStrictEqual([
    ["warn", "feed", expect.stringMatching(/cannot serve.*npm run provision/)],
    ["warn", "chat", expect.stringMatching(/cannot be reached/)],
    ["warn", "chat", expect.stringMatching(/not as configured.*npm run provision/)],
    ["info", "chat", expect.stringMatching(/as it should be/)],
  ]);
  close();
});
