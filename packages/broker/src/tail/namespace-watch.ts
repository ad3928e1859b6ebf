import type { Msg, NatsConnection, Subscription as NatsSubscription } from "@nats-io/transport-node";
import type { Faults } from "../faults.ts";
import type { HeaderReader } from "../header-reader.ts";
import { storedMessageHeaders } from "../message-headers.ts";
import type { Outbound } from "../outbound.ts";
import { readDelivery } from "../store/read-stored-message.ts";
import { tickChannel } from "../store/stream-name.ts";
import type { StreamReader } from "../store/stream-reader.ts";
import { TickWatch } from "./tick-watch.ts";

export interface NamespaceWatchParts {
  readonly namespace: string;
  readonly streamName: string;
  readonly subjectPrefix: string;
  readonly connection: NatsConnection;
  readonly outbound: Outbound;
  readonly stream: StreamReader;
  readonly reader: HeaderReader;
  readonly faults: Faults;
  readonly tickMs: number;
  readonly sweepMs: number;
  /** Messages may have been lost on their way to this node. */
  readonly onSuspicion: () => void;
  /** The stream has lost its end and gives sequences out again. */
  readonly onRegressed: () => void;
  /** Time to look at channels on which nothing happens. */
  readonly onSweep: () => void;
}

/** So many ticks that do not come make a suspicion, and so many more the next. */
const MISSED_TICKS = 2.5;
/**
 * When to look again after an election, in ms. What the old leader had accepted may be stored only under the new one, which then
 * does not republish it: seen with a server that was stopped, where the last message of a channel stayed unheard.
 */
const AFTER_ELECTION_MS: readonly number[] = [2_000, 10_000];
/** A sweep comes after the interval and up to this share of it more, so that nodes do not read in step. */
const SWEEP_JITTER = 1;

const NO_BYTES = new Uint8Array();

/**
 * Notices what the messages of a channel cannot tell themselves: that the last one was lost. A tick every second goes the way of all
 * messages of the namespace, a new leader says that it is one, and a sweep looks at what was quiet for long.
 */
export class NamespaceWatch {
  readonly #parts: NamespaceWatchParts;
  readonly #ticks = new TickWatch();
  readonly #subscriptions: readonly NatsSubscription[];
  readonly #tickTimer: NodeJS.Timeout;
  #sweepTimer: NodeJS.Timeout | undefined;
  #electionTimers: readonly NodeJS.Timeout[] = [];
  #heardAt = performance.now();
  #connected = true;
  #missed = 0;

  /** Writes the SUBs and starts the timers. */
  constructor(parts: NamespaceWatchParts) {
    this.#parts = parts;
    const { connection, namespace, streamName, subjectPrefix, tickMs } = parts;
    this.#subscriptions = [
      this.#listen(connection, `${subjectPrefix}out.${tickChannel(namespace)}`, (message) =>
        this.#onTick(message),
      ),
      this.#listen(connection, `$JS.EVENT.ADVISORY.STREAM.LEADER_ELECTED.${streamName}`, () =>
        this.#onElection(),
      ),
    ];
    this.#tickTimer = setInterval(() => this.#tick(), tickMs).unref();
    this.#scheduleSweep();
  }

  /** Ticks that did not come or came with a gap, since start. */
  get missed(): number {
    return this.#missed;
  }

  /** The link came or went. What is lost meanwhile is known to be lost and is looked for anyway. */
  setConnected(connected: boolean): void {
    this.#connected = connected;
    this.#heardAt = performance.now();
    if (connected) this.#ticks.restart();
  }

  close(): void {
    clearInterval(this.#tickTimer);
    clearTimeout(this.#sweepTimer);
    this.#clearElection();
    if (this.#parts.connection.isClosed()) return;
    for (const subscription of this.#subscriptions) subscription.unsubscribe();
  }

  #listen(connection: NatsConnection, subject: string, onMessage: (message: Msg) => void): NatsSubscription {
    return connection.subscribe(subject, {
      callback: (error, message) => {
        try {
          // A denial is reported by the link; without ticks, silence makes the suspicion.
          if (error === null) onMessage(message);
        } catch (cause) {
          this.#parts.faults.callbackFailed("the watch of a namespace", cause);
        }
      },
    });
  }

  #tick(): void {
    if (!this.#connected) return;
    const { outbound, subjectPrefix, namespace, streamName, tickMs } = this.#parts;
    // Every node sends one, and of those with the same id the stream keeps the first.
    const id = `tick-${Math.floor(Date.now() / tickMs)}`;
    const headers = storedMessageHeaders(streamName, undefined, undefined, id);
    outbound.send(`${subjectPrefix}.${tickChannel(namespace)}`, NO_BYTES, headers, undefined);
    if (performance.now() - this.#heardAt < MISSED_TICKS * tickMs) return;
    this.#heardAt = performance.now();
    this.#missed += 1;
    this.#parts.onSuspicion();
  }

  #onTick(message: Msg): void {
    const { reader, subjectPrefix, onSuspicion, onRegressed } = this.#parts;
    const delivery = readDelivery(message, reader, subjectPrefix.length + 1);
    if (delivery === undefined) return;
    this.#heardAt = performance.now();
    switch (this.#ticks.observe(delivery.message, delivery.lastSequence)) {
      case "fine":
        return;
      case "gap":
        this.#missed += 1;
        onSuspicion();
        return;
      case "older":
        this.#onOlderTick();
        return;
      case "regressed":
        onRegressed();
        return;
    }
  }

  #onElection(): void {
    const { faults, onSuspicion } = this.#parts;
    this.#clearElection();
    onSuspicion();
    this.#electionTimers = AFTER_ELECTION_MS.map((ms) =>
      setTimeout(
        () => {
          if (this.#connected) faults.run("a look after an election", onSuspicion);
        },
        ms * (1 + Math.random() * SWEEP_JITTER),
      ).unref(),
    );
  }

  #clearElection(): void {
    for (const timer of this.#electionTimers) clearTimeout(timer);
  }

  /** It was late, or the stream has lost the newest one. */
  #onOlderTick(): void {
    const { newest } = this.#ticks;
    this.#parts.stream.state(0).then(
      ({ lastSequence }) => {
        if (newest === undefined || lastSequence >= newest.sequence) return;
        this.#ticks.restart();
        this.#parts.onRegressed();
      },
      () => {
        // The stream cannot be asked: the next tick asks again.
      },
    );
  }

  #scheduleSweep(): void {
    const { sweepMs, onSweep } = this.#parts;
    this.#sweepTimer = setTimeout(
      () => {
        this.#scheduleSweep();
        if (this.#connected) this.#parts.faults.run("a sweep", onSweep);
      },
      sweepMs * (1 + Math.random() * SWEEP_JITTER),
    ).unref();
  }
}
