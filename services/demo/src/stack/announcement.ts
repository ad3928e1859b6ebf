import { createHmac } from "node:crypto";
import type { BrokerCredentials } from "@tidegate/broker";
import { natsAccess } from "../nats-access.ts";

/** Everything that is of use to someone who has a stack running. */
export interface RunningStack {
  /** `http://host:port` of each node; WebSockets go to `/v1/ws` there. */
  readonly gateways: readonly string[];
  readonly nats: string;
  /** Good for every development namespace and for `rpc.demo.>`. */
  readonly token: string;
  readonly page: string;
  readonly webhooks: {
    /** `http://host:port`; the API is under `/v1/webhooks` there. */
    readonly api: string;
    /** Good for all of the API. */
    readonly token: string;
    /** `http://host:port/hooks`; the sources below it are named as the secrets. */
    readonly hooks: string;
    readonly secrets: Readonly<Record<"stripe" | "github" | "standard", string>>;
  };
}

const DEFAULT_NATS_PORT = 4222;
const GREETING = JSON.stringify({ text: "hi" });

/** What `npm start` prints for people when everything runs. */
export function announcement({ gateways, nats, token, page, webhooks }: RunningStack): string {
  return `
Everything runs.

  page       ${page}
  gateways   ${gateways.join("  ")}
  NATS       ${nats}
  webhooks   ${webhooks.api}/v1/webhooks  ${webhooks.hooks}
  token      ${token}

Try these:

  1. Open this in two tabs, one for each node: a chat, and one feed over three transports.

     ${page}?node=1
     ${page}?node=2

  2. Say something through a backend that knows only HTTP and NATS:

     ${curlCommand(page)}

  3. Publish straight to NATS; every subscriber of chat.lobby gets it, also those who are away now:

${publishCommands(nats)}

  4. Listen without any client: server-sent events, and one long poll.

${listenCommands(gateways)}

  5. Be GitHub: a delivery that is signed, stored, and shown on the page.

     ${hookCommand(webhooks)}

Ctrl-C stops everything in order.
`;
}

function publishCommands(nats: string): string {
  const own = publishCommand(nats);
  return own === undefined
    ? `     ${natsCommand(nats)}`
    : `     ${own}

     which is, for those who have the NATS command line:

     ${natsCommand(nats)}`;
}

/** For a channel that needs no token, so that they stay short; one for each node. */
export function listenCommands(gateways: readonly string[]): string {
  const [first = "", second = first] = gateways;
  return [
    `     curl -N '${first}/v1/sse?channels=ticker.price'`,
    `     curl '${second}/v1/poll?channels=ticker.price'`,
  ].join("\n");
}

export function curlCommand(page: string): string {
  return `curl ${page}say -H 'content-type: application/json' -d '${JSON.stringify({ text: "hi from curl" })}'`;
}

/** A delivery as GitHub makes one. A second time it is recognised. */
export function hookCommand({ hooks, secrets }: Pick<RunningStack["webhooks"], "hooks" | "secrets">): string {
  const body = JSON.stringify({ ref: "refs/heads/main", repository: { full_name: "you/project" } });
  const signature = createHmac("sha256", secrets.github).update(body).digest("hex");
  const headers = {
    "content-type": "application/json",
    "x-github-event": "push",
    "x-github-delivery": "by-hand-1",
    "x-hub-signature-256": `sha256=${signature}`,
  };
  const options = Object.entries(headers).map(([name, value]) => `-H '${name}: ${value}'`);
  return `curl -i ${hooks}/github ${options.join(" ")} -d '${body}'`;
}

export function natsCommand(nats: string): string {
  return `nats --server '${nats}' pub rt.chat.lobby '${GREETING}'`;
}

/**
 * A publish with nothing but Node, which is there if this is: the NATS protocol is text. `resume` reads what the
 * server says, without which the connection would never be seen to close. `undefined` where it takes TLS.
 */
export function publishCommand(nats: string): string | undefined {
  const { servers, credentials } = natsAccess(nats);
  const { protocol, hostname, port } = new URL(servers[0] ?? nats);
  if (protocol !== "nats:") {
    return undefined;
  }
  const lines = [
    `CONNECT ${JSON.stringify(connectOptions(credentials))}`,
    `PUB rt.chat.lobby ${GREETING.length}`,
    GREETING,
    "",
  ];
  // Neither a double quote nor a single one may end what it stands in.
  const literal = JSON.stringify(lines.join("\r\n")).replaceAll("'", "\\x27");
  const host = hostname.replace(/^\[(.*)\]$/, "$1");
  return `node -e 'net.connect(${port === "" ? DEFAULT_NATS_PORT : port}, "${host}").resume().end(${literal})'`;
}

function connectOptions(credentials: BrokerCredentials): object {
  switch (credentials.kind) {
    case "password":
      return { user: credentials.user, pass: credentials.password };
    case "token":
      return { auth_token: credentials.token };
    default:
      return {};
  }
}
