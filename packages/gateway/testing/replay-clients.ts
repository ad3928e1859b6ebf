import type { ReplayNodes } from "./replay-nodes.ts";
import type { Client, Received, RunningNode } from "./running-node.ts";

/** WebSocket clients of replayable channels. */
export class ReplayClients {
  readonly #nodes: ReplayNodes;

  constructor(nodes: ReplayNodes) {
    this.#nodes = nodes;
  }

  /** A client that has asked for a subscription, and the answer; its next id is 3. */
  async subscribe(node: RunningNode, channel: string, extra: object = {}): Promise<[Client, Received]> {
    const client = await node.connect({ token: this.#nodes.token });
    client.send({ type: "subscribe", id: 2, channel, ...extra });
    return [client, await client.next(({ id }) => id === 2)];
  }

  /** Nothing may follow: a marker is the next that arrives. */
  async expectNothingBefore(client: Client, channel: string): Promise<void> {
    await this.#nodes.first.store(channel, '"marker"');
    const { data } = await client.next("message");
    if (data !== "marker") {
      throw new TypeError(`${JSON.stringify(data)} came before the marker`);
    }
  }
}

/** The data of the next messages. */
export async function take(client: Client, count: number): Promise<readonly unknown[]> {
  const data: unknown[] = [];
  while (data.length < count) {
    data.push((await client.next("message")).data);
  }
  return data;
}

export function numbers(from: number, to: number): readonly number[] {
  return Array.from({ length: to - from + 1 }, (_, index) => from + index);
}
