import { connectPlainNats } from "@tidegate/testkit";
import { readHeads, readRoundTruths } from "../accounting/round-truths.ts";
import type { ChaosOptions, ScenarioSize } from "../chaos-arguments.ts";
import { ClientCrew } from "../clients/client-crew.ts";
import { channelNames, planClients } from "../clients/plan-clients.ts";
import { ApiTraffic } from "../stack/api-traffic.ts";
import { ChaosStack, type ChaosStackOptions } from "../stack/chaos-stack.ts";
import { SUBJECT_PREFIX } from "../stack/gateway-config.ts";
import { byLabel, type Counts, countsSince } from "../stack/node-metrics.ts";
import { SteadyPublisher } from "../steady-publisher.ts";
import type { Round } from "./round.ts";

export interface ArenaOptions extends Pick<ChaosStackOptions, "natsServers" | "proxied"> {
  readonly options: ChaosOptions;
  readonly size: ScenarioSize;
  readonly signal: AbortSignal;
  readonly onProgress: (what: string) => void;
}

/** How long after the last message everybody may take to have everything. */
const SETTLE_LIMIT_MS = 60_000;

/** A running stack with its clients and publisher, in which rounds are played. */
export class Arena {
  readonly stack: ChaosStack;
  readonly crew: ClientCrew;
  readonly publisher: SteadyPublisher;
  readonly channels: readonly string[];
  readonly traffic: ApiTraffic;
  readonly #closeTraffic: () => Promise<void>;

  private constructor(
    parts: Pick<Arena, "stack" | "crew" | "publisher" | "channels" | "traffic">,
    closeTraffic: () => Promise<void>,
  ) {
    this.stack = parts.stack;
    this.crew = parts.crew;
    this.publisher = parts.publisher;
    this.channels = parts.channels;
    this.traffic = parts.traffic;
    this.#closeTraffic = closeTraffic;
  }

  /** @throws LoadTestError; TestkitError; the reason of the signal. */
  static async open({
    options,
    size,
    natsServers,
    proxied,
    signal,
    onProgress,
  }: ArenaOptions): Promise<Arena> {
    const stack = await ChaosStack.start({ nodes: options.nodes, natsServers, proxied, signal, onProgress });
    const undo: (() => Promise<void>)[] = [() => stack.stop()];
    try {
      const channels = channelNames(size.channels);
      const plans = await planClients(size.clients, channels, options.transports, options.nodes);
      onProgress(`connecting ${size.clients} clients`);
      const crew = await ClientCrew.open(plans, stack.ports, options.clientProcesses);
      undo.push(() => crew.close());
      signal.throwIfAborted();
      const watcher = await connectPlainNats(stack.nats.url);
      undo.push(() => watcher.close());
      const publisher = new SteadyPublisher(stack.backend, SUBJECT_PREFIX);
      const parts = { stack, crew, publisher, channels, traffic: new ApiTraffic(watcher) };
      return new Arena(parts, () => watcher.close());
    } catch (error) {
      for (const step of undo.reverse()) {
        await step();
      }
      throw error;
    }
  }

  /**
   * Plays one round: what `work` publishes and breaks, then everybody's accounts.
   *
   * @param work returns what only this scenario measures.
   */
  async round(
    variant: string,
    work: () => Promise<Readonly<Record<string, number>>>,
    settleLimitMs = SETTLE_LIMIT_MS,
  ): Promise<Round> {
    const heads = await readHeads(this.stack.backend);
    await this.crew.begin();
    this.publisher.begin();
    const before = await this.#counts();
    this.traffic.clear();
    const measured = await work();
    const publish = await this.publisher.finish();
    const apiRequests = this.traffic.requests;
    const truths = await readRoundTruths(this.stack.backend, heads, this.publisher.firstNumbers);
    const storeLost = this.publisher.countMissing(truths);
    const tallies = await this.crew.settle(truths, settleLimitMs);
    const counts = countsSince(before, await this.#counts());
    return {
      variant,
      tallies,
      publish,
      stored: truths.reduce((sum, { numbers }) => sum + numbers.length, 0),
      storeLost,
      resumes: byLabel(counts, "tidegate_resumes_total", "outcome"),
      apiRequests,
      measured,
    };
  }

  async close(): Promise<void> {
    await this.crew.close();
    await this.#closeTraffic();
    await this.stack.stop();
  }

  /** Of all nodes together. */
  async #counts(): Promise<Counts> {
    const sum = new Map<string, number>();
    for (const node of this.stack.nodes) {
      for (const [name, value] of await node.counts()) {
        sum.set(name, (sum.get(name) ?? 0) + value);
      }
    }
    return sum;
  }
}
