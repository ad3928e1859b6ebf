import type { OwnNatsServer } from "./nats-server.ts";
import { TestkitError } from "./testkit-error.ts";
import { waitUntil } from "./wait-until.ts";

/** As much of the monitoring page `/jsz` as is looked at. */
interface JetStreamPage {
  readonly meta_cluster?: {
    readonly leader?: string;
    readonly replicas?: readonly { readonly current: boolean; readonly offline?: boolean }[];
  };
  readonly account_details?: readonly {
    readonly stream_detail?: readonly {
      readonly name: string;
      readonly cluster?: { readonly leader?: string };
    }[];
  }[];
}

const ANSWER_TIMEOUT_MS = 1_000;
const DEFAULT_TIMEOUT_MS = 30_000;
const POLL_MS = 25;

/** nats-servers that form one cluster with JetStream. Made by `startNatsCluster`. */
export class NatsCluster implements AsyncDisposable {
  /** Each can be killed, restarted and paused by itself. */
  readonly servers: readonly OwnNatsServer[];

  constructor(servers: readonly OwnNatsServer[]) {
    this.servers = servers;
  }

  /** What clients connect to: all servers, separated by commas. */
  get url(): string {
    return this.servers.map(({ url }) => url).join(",");
  }

  /** Ends a server by SIGKILL, as a crash would, or by SIGTERM, in order. Its store stays. */
  kill(index: number, signal: "SIGKILL" | "SIGTERM" = "SIGKILL"): Promise<void> {
    return this.#server(index).kill(signal);
  }

  /** Starts a server again; resolves when it accepts connections. See {@link healthy}. */
  restart(index: number): Promise<void> {
    return this.#server(index).restart();
  }

  /** Freezes a server: its connections stay open, and nothing is answered. */
  pause(index: number): Promise<void> {
    return this.#server(index).pause();
  }

  resume(index: number): Promise<void> {
    return this.#server(index).resume();
  }

  /** Index of the server that leads a stream; undefined while none does. */
  async leaderOf(stream: string): Promise<number | undefined> {
    const pages = await Promise.all(
      this.servers.map((server) => jetStreamPage(server, "?accounts=1&streams=1")),
    );
    // Those that have not heard of an election yet name the leader before: count votes.
    const votes = new Map<number, number>();
    for (const page of pages) {
      const streams = (page?.account_details ?? []).flatMap(({ stream_detail }) => stream_detail ?? []);
      const leader = streams.find(({ name }) => name === stream)?.cluster?.leader;
      const index = this.servers.findIndex(({ name, pid }) => name === leader && pid !== undefined);
      if (index !== -1) votes.set(index, (votes.get(index) ?? 0) + 1);
    }
    return [...votes].find(([, count]) => count > this.servers.length / 2)?.[0];
  }

  /**
   * Resolves when every server that runs says that it is well: it knows a leader and its replicas have caught up.
   *
   * @throws TestkitError `timeout` (default 30000 ms).
   */
  async healthy(timeoutMs: number = DEFAULT_TIMEOUT_MS): Promise<void> {
    await waitUntil(async () => (await Promise.all(this.servers.map(isHealthy))).every(Boolean), {
      timeoutMs,
      intervalMs: POLL_MS,
      message: "every server of the cluster to be healthy",
    });
  }

  /** Resolves when a leader has been elected and has seen all servers, so that streams can have as many replicas. */
  async formed(timeoutMs: number = DEFAULT_TIMEOUT_MS): Promise<void> {
    await waitUntil(
      async () => {
        const pages = await Promise.all(this.servers.map((server) => jetStreamPage(server, "")));
        const leader = this.servers.findIndex(({ name }) => name === pages[0]?.meta_cluster?.leader);
        const agreed = pages.every((page) => page?.meta_cluster?.leader === this.servers[leader]?.name);
        // A follower knows nothing of the others.
        const replicas = pages[leader]?.meta_cluster?.replicas ?? [];
        const present = replicas.filter(({ current, offline }) => current && offline !== true).length;
        return agreed && present === this.servers.length - 1;
      },
      { timeoutMs, intervalMs: POLL_MS, message: "the servers of the cluster to find each other" },
    );
  }

  /** Ends all and removes their stores. Repeated calls do nothing. */
  async stop(): Promise<void> {
    await Promise.all(this.servers.map((server) => server.stop()));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  #server(index: number): OwnNatsServer {
    const server = this.servers[index];
    if (server === undefined) throw new TypeError(`there is no server ${index} in this cluster`);
    return server;
  }
}

async function isHealthy(server: OwnNatsServer): Promise<boolean> {
  return server.pid === undefined || (await fetchPage(server, "/healthz"))?.ok === true;
}

async function jetStreamPage(server: OwnNatsServer, query: string): Promise<JetStreamPage | undefined> {
  if (server.pid === undefined) return undefined;
  const response = await fetchPage(server, `/jsz${query}`);
  // What it says is ours to believe: the server is our own.
  return response?.ok === true ? ((await response.json()) as JetStreamPage) : undefined;
}

/** undefined if the server does not answer: it is starting, going down, or frozen. */
async function fetchPage({ monitorUrl }: OwnNatsServer, path: string): Promise<Response | undefined> {
  if (monitorUrl === undefined)
    throw new TestkitError("nats-unreachable", "this server has no monitoring pages");
  try {
    return await fetch(`${monitorUrl}${path}`, { signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS) });
  } catch {
    return undefined;
  }
}
