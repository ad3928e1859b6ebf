import { mintToken, type TokenClaims } from "@tidegate/auth";
import { createLogger, loadSettings } from "@tidegate/runtime";
import {
  connectPlainNats,
  type NatsConnection,
  type OpenClientOptions,
  type OwnNatsServer,
  openClient,
  openRawSocket,
  plainNatsHeaders,
  type RawSocket,
  startNats,
  type TestClient,
  type UpgradeRequestOptions,
  waitUntil,
} from "@tidegate/testkit";
import { GATEWAY_SETTINGS } from "../src/settings/gateway-settings.ts";
import { type StartedGateway, startGateway } from "../src/start-gateway.ts";
import { seriesValue } from "./fake-node.ts";
import { makeStreams } from "./make-streams.ts";

export const SECRET = "the secret of these tests, which is long enough for every HMAC algorithm there is";

/** Every test's node: `chat` is for users, `jobs` goes to backends, `feed` comes from them alone, `news` is open to all. */
const BASE = {
  mode: "production",
  node: { name: "n1" },
  listen: { host: "127.0.0.1", port: 0 },
  operations: { host: "127.0.0.1", port: 0 },
  auth: { algorithms: ["HS256"], secret: SECRET },
  nats: { lingerMs: "50ms" },
  drain: { windowMs: "50ms", reconnectMs: "100ms" },
  // The node shares its event loop with the test, and its cores with other tests.
  admission: { lagMs: 0 },
  limits: { messagesPerSecond: 10_000, messageBurst: 10_000 },
  namespaces: {
    chat: { publish: "direct" },
    jobs: { publish: "backend" },
    feed: { grants: { subscribe: ["feed.>"] } },
    news: { grants: { subscribe: ["news.>"] }, anonymous: { subscribe: ["news.>"] } },
    user: { publish: "direct", grants: { subscribe: ["user.{sub}.>"] } },
  },
} as const;

/** What a user may do unless a test says otherwise. */
export const GRANTS = {
  subscribe: ["chat.>", "jobs.>"],
  publish: ["chat.>", "jobs.>", "feed.>"],
  request: ["demo.>"],
};

type Json = Readonly<Record<string, unknown>>;

/** A message of the protocol, read without checks: the test says what it expects. */
export interface Received {
  readonly type?: string;
  readonly id?: number;
  readonly code?: string;
  readonly channel?: string;
  readonly data?: unknown;
  readonly binary?: Buffer;
  readonly text?: string;
  readonly [field: string]: unknown;
}
export type Client = TestClient<Received>;

export interface ConnectOptions extends OpenClientOptions {
  /** Query of the address. */
  readonly query?: string;
  /** A token of one's own for the `connect` message. */
  readonly token?: string;
  readonly user?: string;
  readonly connect?: object;
}

/** A node in this process on a NATS server of its own, with everything that a test needs around it. */
export class RunningNode implements AsyncDisposable {
  readonly gateway: StartedGateway;
  /** A backend that knows nothing of Tidegate. */
  readonly backend: NatsConnection;
  /** First token of the node's subjects. */
  readonly prefix: string;
  /** Lines that the node logged. */
  readonly log: readonly string[];
  readonly #server: OwnNatsServer | undefined;

  /** @param server stopped with the node; `undefined` if others use it, too. */
  constructor(
    gateway: StartedGateway,
    backend: NatsConnection,
    prefix: string,
    log: readonly string[],
    server: OwnNatsServer | undefined,
  ) {
    this.gateway = gateway;
    this.backend = backend;
    this.prefix = prefix;
    this.log = log;
    this.#server = server;
  }

  url(query = ""): string {
    return `ws://127.0.0.1:${this.gateway.port}/v1/ws${query === "" ? "" : `?${query}`}`;
  }

  http(path: string): string {
    return `http://127.0.0.1:${this.gateway.port}${path}`;
  }

  /** A WebSocket that was upgraded, and no more. */
  async open({ query, ...options }: ConnectOptions = {}): Promise<Client> {
    const client = openClient<Received>(this.url(query), options);
    await client.opened;
    return client;
  }

  /** A client that is authenticated, as `ada` unless told otherwise; the next id is 2. */
  async connect(options: ConnectOptions = {}): Promise<Client> {
    const { token, user = "ada", connect, ...rest } = options;
    const client = await this.open(rest);
    client.send({ type: "connect", id: 1, token: token ?? (await userToken({ sub: user })), ...connect });
    await client.next("connected");
    return client;
  }

  /** A client whose subscriptions, named in its `connect`, stand; the next id is 2. */
  async subscriber(channels: readonly string[], options: ConnectOptions = {}): Promise<Client> {
    const client = await this.connect({ ...options, connect: { channels, ...options.connect } });
    for (const channel of channels) {
      await client.next((message) => message.type === "subscribed" && message.channel === channel);
    }
    return client;
  }

  /** A TCP connection after its upgrade. */
  async raw(options: UpgradeRequestOptions & { readonly query?: string } = {}): Promise<RawSocket> {
    const { query = "", ...rest } = options;
    const socket = await openRawSocket(this.gateway.port);
    await socket.handshake({ path: `/v1/ws?${query}`, ...rest });
    return socket;
  }

  /** Publishes as a backend does: a plain NATS publish. */
  publish(
    channel: string,
    payload: string | Uint8Array,
    options?: Parameters<NatsConnection["publish"]>[2],
  ): void {
    this.backend.publish(`${this.prefix}.${channel}`, payload, options);
  }

  /** Publishes as a backend does that waits until a replayable channel has the message; resolves to its sequence. */
  async store(channel: string, payload: string): Promise<number> {
    const { data } = await this.backend.request(`${this.prefix}.${channel}`, payload, { timeout: 5_000 });
    return (JSON.parse(Buffer.from(data).toString()) as { readonly seq: number }).seq;
  }

  /** The same for as long as it takes, once whatever happens. */
  async storeInTrouble(channel: string, payload: string): Promise<void> {
    const headers = plainNatsHeaders({ "Nats-Msg-Id": `${channel} ${payload}` });
    const attempt = (): Promise<boolean> =>
      this.backend.request(`${this.prefix}.${channel}`, payload, { timeout: 500, headers }).then(
        () => true,
        () => false,
      );
    await waitUntil(attempt, { message: `${channel} to be stored`, timeoutMs: 15_000 });
  }

  async metrics(): Promise<string> {
    const response = await fetch(`http://127.0.0.1:${this.gateway.operationsPort}/metrics`);
    return response.text();
  }

  /** The value of one series, as `tidegate_closes_total{code="client"}`; 0 if it is not there. */
  async metric(series: string): Promise<number> {
    return seriesValue(await this.metrics(), series);
  }

  /** Runs `action`, and waits until the series has grown by it. */
  async counts<T>(series: string, action: () => Promise<T>, by = 1): Promise<T> {
    const before = await this.metric(series);
    const result = await action();
    await waitUntil(async () => (await this.metric(series)) >= before + by, {
      message: `${series} to grow by ${by}`,
    });
    return result;
  }

  async ready(): Promise<number> {
    const response = await fetch(`http://127.0.0.1:${this.gateway.operationsPort}/readyz`);
    await response.body?.cancel();
    return response.status;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.gateway.drain(AbortSignal.timeout(2_000));
    await this.gateway.stop?.();
    await this.backend.close();
    await this.#server?.stop();
  }
}

let nodes = 0;

/**
 * Starts a node with the base settings, on a given NATS server or on one of its own, changed by `overrides`. Streams that it
 * needs are made.
 */
export async function startNode(overrides: Json = {}, natsUrl?: string): Promise<RunningNode> {
  const server = natsUrl === undefined ? await startNats({ own: true }) : undefined;
  const url = natsUrl ?? server?.url ?? "";
  nodes += 1;
  const prefix = `rt${nodes}`;
  const loaded = loadSettings(GATEWAY_SETTINGS, {
    environment: {},
    fileText: JSON.stringify(
      merged(merged(BASE, { nats: { servers: [url] }, subjects: { prefix } }), overrides),
    ),
  });
  if (!loaded.ok) {
    throw new TypeError(JSON.stringify(loaded.problems));
  }
  const log: string[] = [];
  const logger = createLogger({
    name: "node-under-test",
    level: "trace",
    destination: { write: (line) => log.push(line) },
  });
  const { settings } = loaded;
  const backend = await connectPlainNats(url);
  await makeStreams(settings);
  const gateway = await startGateway(settings, logger, new AbortController().signal);
  return new RunningNode(gateway, backend, settings.subjects.prefix, log, server);
}

/** A token of `ada` that is good for an hour and grants `GRANTS`, changed by `claims`. */
export function userToken(claims: Partial<TokenClaims> = {}): Promise<string> {
  return mintToken(
    { sub: "ada", grants: GRANTS, expiresInSeconds: 3_600, ...claims },
    { algorithm: "HS256", secret: SECRET },
  );
}

/** Objects are merged, everything else is replaced. */
function merged(base: Json, overrides: Json): Json {
  const result: Record<string, unknown> = { ...base };
  for (const [key, value] of Object.entries(overrides)) {
    const before = result[key];
    result[key] = isObject(before) && isObject(value) ? merged(before, value) : value;
  }
  return result;
}

function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
