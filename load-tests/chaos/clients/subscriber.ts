import { nowMicros } from "../../swarm/stamp.ts";
import { audit, isComplete, type PreparedTruth } from "../accounting/audit.ts";
import { ReceiptLog } from "../accounting/receipt-log.ts";
import { addTallies, EMPTY_TALLY, type Tally, type TransportName } from "../accounting/tally.ts";
import { Timeline } from "../accounting/timeline.ts";
import type { Numbered } from "../numbered-payload.ts";
import type { Attempt, Transport, TransportEvents } from "./transport.ts";

/** What one client is. */
export interface ClientPlan {
  readonly transport: TransportName;
  readonly channels: readonly string[];
  readonly token: string;
  /** Which of the ports it begins with. */
  readonly node: number;
}

/**
 * - `away`: it was told to leave, or has not been opened.
 * - `waiting`: its connection is lost, and it lets some time pass.
 * - `connecting`: an attempt is under way.
 * - `served`: the node has taken over.
 */
type State =
  | { readonly kind: "away" }
  | { readonly kind: "waiting"; readonly timer: NodeJS.Timeout }
  | { readonly kind: "connecting" | "served"; readonly attempt: Attempt };

/** What happened to a client's connections in one round. */
interface Figures {
  foreign: number;
  connectionsLost: number;
  resumed: number;
  readonly resets: Map<string, number>;
  readonly endings: Map<string, number>;
  readonly awayMs: number[];
  readonly resumeMs: number[];
  readonly delayMs: Map<number, number>;
}

const FIRST_WAIT_MS = 250;
const LONGEST_WAIT_MS = 2000;

/** One client that keeps its subscription up, whatever happens to nodes, and remembers all it got. */
export class Subscriber {
  readonly plan: ClientPlan;
  readonly #transport: Transport;
  readonly #ports: readonly number[];
  readonly #timeline: Timeline;
  readonly #receipts: ReadonlyMap<string, ReceiptLog>;
  #state: State = { kind: "away" };
  #figures = noFigures();
  #node: number;
  #attempts = 0;
  /** When it was last without a node; `undefined` while it is served, or since it left of its own accord. */
  #lostAt: number | undefined;
  #startedAt = 0;
  /** Since when it is served, in `nowMicros`. */
  #servedAtMicros = 0;

  /** @param timeline shared by clients: what happens to any of them, and when. */
  constructor(plan: ClientPlan, transport: Transport, ports: readonly number[], timeline = new Timeline()) {
    this.plan = plan;
    this.#transport = transport;
    this.#ports = ports;
    this.#timeline = timeline;
    this.#node = plan.node % ports.length;
    this.#receipts = new Map(plan.channels.map((channel) => [channel, new ReceiptLog()]));
  }

  /** Whether it has a connection that can be lost, and not one request after the other. */
  get #isLasting(): boolean {
    return this.plan.transport === "websocket" || this.plan.transport === "sse";
  }

  get isServed(): boolean {
    return this.#state.kind === "served";
  }

  get isAway(): boolean {
    return this.#state.kind === "away";
  }

  /** Which of the ports it is, or was last, connected to. */
  get node(): number {
    return this.#node;
  }

  /** Connects, after some time if told so, and stays connected. */
  join(waitMs = 0): void {
    if (this.#state.kind === "away") {
      this.#wait(waitMs);
    }
  }

  /** Drops the connection as a client that loses its network does. */
  leave(): void {
    if (this.#state.kind === "waiting") {
      clearTimeout(this.#state.timer);
    } else if (this.#state.kind !== "away") {
      this.#state.attempt.close();
    }
    this.#state = { kind: "away" };
    this.#lostAt = undefined;
  }

  /** Begins a round: forgets what came, and the figures. */
  begin(): void {
    for (const log of this.#receipts.values()) {
      log.clear();
    }
    this.#figures = noFigures();
  }

  hasAll(truths: ReadonlyMap<string, PreparedTruth>): boolean {
    for (const [channel, log] of this.#receipts) {
      const truth = truths.get(channel);
      if (truth !== undefined && !isComplete(truth, log)) {
        return false;
      }
    }
    return true;
  }

  tally(truths: ReadonlyMap<string, PreparedTruth>): Tally {
    const findings: Tally[] = [];
    for (const [channel, log] of this.#receipts) {
      const truth = truths.get(channel);
      if (truth !== undefined) {
        const { lostSequences, ...finding } = audit(truth, log);
        const places = lostSequences.length === 0 ? [] : [`${channel} at ${lostSequences.join(", ")}`];
        findings.push({ ...EMPTY_TALLY, ...finding, lostPlaces: places });
      }
    }
    const { foreign, connectionsLost, resumed, resets, endings, awayMs, resumeMs, delayMs } = this.#figures;
    const sum = addTallies(findings);
    const harm = sum.lost + sum.twice + sum.outOfOrder + sum.phantom + foreign;
    return {
      ...sum,
      clients: 1,
      harmed: harm > 0 ? 1 : 0,
      foreign,
      connectionsLost,
      resumed,
      resets: Object.fromEntries(resets),
      endings: Object.fromEntries(endings),
      awayMs,
      resumeMs,
      delayMs: Object.fromEntries(delayMs),
    };
  }

  #wait(milliseconds: number): void {
    const timer = setTimeout(() => this.#start(), milliseconds);
    this.#state = { kind: "waiting", timer };
  }

  #start(): void {
    this.#startedAt = performance.now();
    // Assigned before anything can happen: transports report asynchronously.
    this.#state = {
      kind: "connecting",
      attempt: this.#transport.start(this.#ports[this.#node] ?? 0, this.#events),
    };
  }

  readonly #events: TransportEvents = {
    onReady: (resumed) => {
      if (this.#state.kind !== "connecting") {
        return;
      }
      const now = performance.now();
      this.#state = { kind: "served", attempt: this.#state.attempt };
      this.#servedAtMicros = nowMicros();
      this.#attempts = 0;
      this.#figures.resumed += resumed ? 1 : 0;
      this.#figures.resumeMs.push(now - this.#startedAt);
      if (this.#lostAt !== undefined) {
        if (this.#isLasting) {
          this.#timeline.returned(nowMicros());
        }
        this.#figures.awayMs.push(now - this.#lostAt);
        this.#lostAt = undefined;
      }
    },
    onMessage: (channel, message) => this.#onMessage(channel, message),
    onReset: (channel, reason, upTo) => {
      count(this.#figures.resets, `${this.plan.transport} ${reason}`);
      this.#receipts.get(channel)?.reset(upTo);
    },
    onEnded: (reason, retryMs) => {
      count(this.#figures.endings, `${this.plan.transport} ${this.#state.kind}: ${reason}`);
      if (this.#state.kind === "served") {
        this.#figures.connectionsLost += 1;
        if (this.#isLasting) {
          this.#timeline.lost(nowMicros());
        }
        this.#lostAt = performance.now();
      }
      // A balancer would not send the client to the same dead node again; one of the others, then.
      if (this.#ports.length > 1) {
        const step = 1 + Math.floor(Math.random() * (this.#ports.length - 1));
        this.#node = (this.#node + step) % this.#ports.length;
      }
      const most = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** this.#attempts);
      this.#attempts += 1;
      this.#wait(Math.max(Math.random() * most, retryMs ?? 0));
    },
  };

  #onMessage(channel: string | undefined, message: Numbered): void {
    const log = this.#receipts.get(message.channel);
    if (log === undefined || (channel !== undefined && channel !== message.channel)) {
      this.#figures.foreign += 1;
      return;
    }
    log.message(message.number);
    const delayMs = Math.floor((nowMicros() - message.micros) / 1000);
    count(this.#figures.delayMs, delayMs);
    // Who asks once a second gets what it gets up to a second late, whatever the cluster does.
    if (this.plan.transport !== "short-poll") {
      const wasServed = this.#state.kind === "served" && message.micros >= this.#servedAtMicros;
      this.#timeline.received(message.micros, delayMs, wasServed);
    }
  }
}

function noFigures(): Figures {
  return {
    foreign: 0,
    connectionsLost: 0,
    resumed: 0,
    resets: new Map(),
    endings: new Map(),
    awayMs: [],
    resumeMs: [],
    delayMs: new Map(),
  };
}

function count<Key>(counts: Map<Key, number>, key: Key): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}
