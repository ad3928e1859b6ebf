import { startNats } from "@tidegate/testkit";
import { type RunningNode, startNode, userToken } from "./running-node.ts";

/** What a user of these nodes may do. */
export const REPLAY_GRANTS = {
  subscribe: ["room.>", "brief.>", "hall.>", "talk.>"],
  publish: ["room.>", "talk.>"],
  history: ["room.>", "brief.>"],
};

/** Two nodes on one NATS server: `room` and `hall` keep much, `brief` keeps 5 messages of a channel, `talk` keeps nothing. */
export class ReplayNodes implements AsyncDisposable {
  readonly first: RunningNode;
  readonly second: RunningNode;
  readonly token: string;
  readonly #stop: () => Promise<void>;
  #channels = 0;

  private constructor(first: RunningNode, second: RunningNode, token: string, stop: () => Promise<void>) {
    this.first = first;
    this.second = second;
    this.token = token;
    this.#stop = stop;
  }

  static async start(overrides: Readonly<Record<string, unknown>> = {}): Promise<ReplayNodes> {
    const server = await startNats({ own: true });
    const settings = {
      subjects: { prefix: "replay" },
      ping: { intervalMs: "1s" },
      http: { requestsPerSecond: 10_000, requestBurst: 10_000, reconnectMs: "100ms" },
      namespaces: {
        room: { publish: "direct", history: { messagesPerChannel: 5_000, replicas: 1 } },
        hall: { history: { messagesPerChannel: 5_000, replicas: 1 } },
        brief: { history: { messagesPerChannel: 5, replicas: 1 } },
        talk: { publish: "direct" },
      },
      ...overrides,
    };
    const first = await startNode({ ...settings, node: { name: "n1" } }, server.url);
    const second = await startNode({ ...settings, node: { name: "n2" } }, server.url);
    return new ReplayNodes(first, second, await userToken({ grants: REPLAY_GRANTS }), () => server.stop());
  }

  get bearer(): Readonly<Record<string, string>> {
    return { authorization: `Bearer ${this.token}` };
  }

  /** A channel that no other test uses. */
  channel(namespace = "room"): string {
    this.#channels += 1;
    return `${namespace}.c${this.#channels}`;
  }

  /** Stores the numbers, one message each. */
  async storeAll(channel: string, from: number, to: number): Promise<void> {
    for (let number = from; number <= to; number += 1) {
      await this.first.store(channel, String(number));
    }
  }

  /** Resolves when the nodes have been told that the way through the stream works. */
  nextTick(namespace: string): Promise<void> {
    const { backend, prefix } = this.first;
    return new Promise((resolve) => {
      backend.subscribe(`${prefix}out.${namespace}._tick`, { max: 1, callback: () => resolve() });
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.first[Symbol.asyncDispose]();
    await this.second[Symbol.asyncDispose]();
    await this.#stop();
  }
}
