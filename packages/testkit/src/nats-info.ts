import { connect } from "node:net";

/** The part of a server's first message that the testkit looks at. */
export interface NatsInfo {
  readonly serverName: string;
  readonly version: string;
}

/** An INFO message lists the cluster's addresses and stays far below this. */
const maxInfoBytes = 64 * 1024;

/**
 * Connects and reads the INFO message that every nats-server sends at once, before any authentication. So it
 * proves that the server accepts connections, and says which server it is. A server that wants TLS first
 * (`handshake_first`) sends none.
 *
 * Resolves to undefined if nothing listens, or what listens does not send one in time.
 */
export function readNatsInfo(host: string, port: number, timeoutMs: number): Promise<NatsInfo | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const finish = (info: NatsInfo | undefined) => {
      clearTimeout(timer);
      socket.destroy();
      resolve(info);
    };
    const timer = setTimeout(() => finish(undefined), timeoutMs);
    let received = "";
    socket.setEncoding("latin1");
    socket.on("error", () => finish(undefined));
    socket.on("close", () => finish(undefined));
    socket.on("data", (chunk: string) => {
      received += chunk;
      const end = received.indexOf("\r\n");
      if (end >= 0) finish(parseInfo(received.slice(0, end)));
      else if (received.length > maxInfoBytes) finish(undefined);
    });
  });
}

function parseInfo(line: string): NatsInfo | undefined {
  if (!line.startsWith("INFO ")) return undefined;
  try {
    const info: unknown = JSON.parse(line.slice("INFO ".length));
    if (typeof info !== "object" || info === null || !("version" in info)) return undefined;
    const serverName = "server_name" in info ? String(info.server_name) : "";
    return { serverName, version: String(info.version) };
  } catch {
    return undefined;
  }
}
