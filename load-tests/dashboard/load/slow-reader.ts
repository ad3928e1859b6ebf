import { WebSocket } from "ws";
import { pause } from "./pause.ts";

export interface SlowReaderOptions {
  readonly port: number;
  readonly token: string;
  readonly channel: string;
  /** For how long it reads nothing, and then reads. Longer than a gateway puts up with: it is thrown out each time. */
  readonly stallMs: number;
  readonly readMs: number;
  readonly signal: AbortSignal;
}

const BACK_MS = 1000;

/** A client that now and then stops reading, as one in a tunnel does. */
export async function readSlowly(options: SlowReaderOptions): Promise<void> {
  const { port, token, channel, stallMs, readMs, signal } = options;
  while (!signal.aborted) {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/v1/ws?channels=${channel}`, ["tidegate.v1"], {
      headers: { authorization: `Bearer ${token}` },
    });
    socket.on("error", () => {});
    await new Promise((resolve) => {
      socket.once("open", resolve);
      socket.once("close", resolve);
    });
    while (socket.readyState === WebSocket.OPEN && !signal.aborted) {
      await pause(readMs, signal);
      if (socket.readyState === WebSocket.OPEN) socket.pause();
      await pause(stallMs, signal);
      socket.resume();
    }
    socket.terminate();
    await pause(BACK_MS, signal);
  }
}
