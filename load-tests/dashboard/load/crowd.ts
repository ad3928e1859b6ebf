import { setTimeout as delay } from "node:timers/promises";
import { WebSocket } from "ws";

/** Everybody at the same moment, as after a push message; who is turned away does not come again. They leave some seconds later. */
export async function crowdIn(
  ports: readonly number[],
  tokens: readonly string[],
  staysMs: number,
): Promise<void> {
  const sockets = tokens.map((token, index) => {
    const port = ports[index % ports.length];
    const socket = new WebSocket(`ws://127.0.0.1:${port}/v1/ws?channels=notes.all`, ["tidegate.v1"], {
      headers: { authorization: `Bearer ${token}` },
    });
    socket.on("error", () => {});
    return socket;
  });
  await delay(staysMs);
  for (const socket of sockets) socket.close();
}
