import { EventEmitter } from "node:events";
import { expect, test, vi } from "vitest";
import { listenForInterruption } from "./interruption.ts";

function listen() {
  const source = new EventEmitter();
  const clock = { now: 0 };
  const onForce = vi.fn();
  return { source, clock, onForce, interruption: listenForInterruption(onForce, source, () => clock.now) };
}

test.each(["SIGINT", "SIGTERM", "SIGHUP"])("the first %s asks to stop", async (signal) => {
  const { source, interruption, onForce } = listen();
  expect(interruption.signal.aborted).toBe(false);
  source.emit(signal);
  expect(interruption.signal.aborted).toBe(true);
  await interruption.requested;
  expect(onForce).not.toHaveBeenCalled();
});

test("the echo of a Ctrl-C is not a second wish", () => {
  const { source, clock, onForce } = listen();
  source.emit("SIGINT");
  clock.now = 300;
  source.emit("SIGINT");
  expect(onForce).not.toHaveBeenCalled();
});

test("a second wish forces the end, once", () => {
  const { source, clock, onForce } = listen();
  source.emit("SIGINT");
  clock.now = 1000;
  source.emit("SIGTERM");
  source.emit("SIGINT");
  expect(onForce.mock.calls).toEqual([[143]]);
});

test("a stop can also be asked for without a signal", async () => {
  const { interruption, onForce } = listen();
  interruption.request();
  await interruption.requested;
  expect(interruption.signal.aborted).toBe(true);
  expect(onForce).not.toHaveBeenCalled();
});
