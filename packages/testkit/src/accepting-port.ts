import { connect } from "node:net";
import { natsHost as loopback } from "./nats-config.ts";
import type { SupervisedProcess } from "./supervise.ts";
import { waitUntil } from "./wait-until.ts";

const startTimeoutMs = 10_000;

/** Whether a server that was just started accepts connections on that port of loopback within ten seconds. */
export async function isAccepting(process: SupervisedProcess, port: number): Promise<boolean> {
  let ended = false;
  void process.exited.then(() => {
    ended = true;
  });
  try {
    await waitUntil(async () => ended || (await accepts(port)), { timeoutMs: startTimeoutMs });
    return !ended;
  } catch {
    return false;
  }
}

/** Whether somebody accepts connections on that port of loopback. */
export function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: loopback, port });
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}
