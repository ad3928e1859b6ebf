/** Everything that is of use to someone who has a stack running. */
export interface RunningStack {
  /** `http://host:port` of each node; WebSockets go to `/v1/ws` there. */
  readonly gateways: readonly string[];
  readonly nats: string;
  /** Good for every development namespace and for `rpc.demo.>`. */
  readonly token: string;
  readonly page: string;
}

const GREETING = JSON.stringify({ text: "hi" });

/** What `npm start` prints for people when everything runs. */
export function announcement({ gateways, nats, token, page }: RunningStack): string {
  return `
Everything runs.

  page       ${page}
  gateways   ${gateways.join("  ")}   (WebSocket at /v1/ws)
  NATS       ${nats}
  token      ${token}

Try these:

  1. Chat with yourself: open this in two tabs, one for each node.

     ${page}?node=1
     ${page}?node=2

  2. Say something through a backend that knows only HTTP and NATS:

     ${curlCommand(page)}

  3. Publish straight to NATS; every subscriber of chat.lobby gets it:

     ${publishCommand(nats)}

     which is, for those who have the NATS command line:

     nats --server ${nats} pub rt.chat.lobby '${GREETING}'

Ctrl-C stops everything in order.
`;
}

export function curlCommand(page: string): string {
  return `curl ${page}say -H 'content-type: application/json' -d '${JSON.stringify({ text: "hi from curl" })}'`;
}

/**
 * A publish with nothing but Node, which is there if this is: the NATS protocol is text. `resume` reads what the
 * server says, without which the connection would never be seen to close.
 */
export function publishCommand(nats: string): string {
  const { hostname, port } = new URL(nats);
  const payload = GREETING.replaceAll('"', '\\"');
  const lines = `CONNECT {}\\r\\nPUB rt.chat.lobby ${GREETING.length}\\r\\n${payload}\\r\\n`;
  return `node -e 'net.connect(${port === "" ? 4222 : port}, "${hostname}").resume().end("${lines}")'`;
}
