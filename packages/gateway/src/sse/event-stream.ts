import type { BrokerError } from "@tidegate/broker";
import type { CloseName, Cursor } from "@tidegate/protocol";
import { endOfAge, MOVE_WITHIN_MS } from "../connection/connection-age.ts";
import { expiryOf } from "../connection/token-expiry.ts";
import type { Format, Frame } from "../fan-out/format.ts";
import { lossCode } from "../handlers/subscribe.ts";
import { ChannelReader, type ReaderOwner } from "../http/channel-reader.ts";
import type { ResponseStream, StreamOwner } from "../http/http-exchange.ts";
import type { ReaderItem } from "../http/reader-item.ts";
import type { CloseCause } from "../instruments.ts";
import type { AnnouncedConnection } from "../lifecycle/lifecycle-events.ts";
import type { Principal } from "../namespace-policies.ts";
import type { NodeContext } from "../node-context.ts";
import type { Drainable } from "../paced-drain.ts";
import type { Sleeper } from "../timer-wheel.ts";
import { COMMENT, checkpointText, ownEventText, retryText, withId, withoutId } from "./event-text.ts";
import type { JoinedEvents, JoinedPiece } from "./joined-events.ts";
import { StreamLag, type StreamLagOwner } from "./stream-lag.ts";
import { StreamOutbox } from "./stream-outbox.ts";

/** What the streams of a node share. */
export interface EventStreamHost {
  readonly node: NodeContext;
  readonly joined: JoinedEvents;
  /** A new wait for a client that is to come back, in ms, jittered. */
  readonly reconnectMs: () => number;
  /** Called exactly once for each stream, whoever ends it. */
  readonly closed: (stream: EventStream) => void;
}

/**
 * - `open`: messages go out, as far as the client reads them.
 * - `ending`: everything has been said, because of `cause`, and only what waits is still sent, until `deadline`.
 * - `closed`: nothing is sent any more.
 */
type State =
  | { readonly kind: "open" }
  | { readonly kind: "ending"; readonly cause: CloseName; readonly deadline: number }
  | { readonly kind: "closed" };

const OPEN: State = { kind: "open" };
const CLOSED: State = { kind: "closed" };

/** As pings of WebSockets: a little early, at random, so that streams that began together drift apart. */
const EARLIEST_BEAT = 0.75;
const BEAT_SPREAD = 0.15;
/** How often it is looked whether what is held can be let go. */
const SETTLE_MS = 100;

/** One client on an event stream, from the first byte to the end. */
export class EventStream implements Drainable, ReaderOwner, Sleeper, StreamLagOwner, StreamOwner {
  wakeAt: number = Number.POSITIVE_INFINITY;
  wheelSlot = -1;
  wheelIndex = -1;
  readonly #host: EventStreamHost;
  readonly #principal: Principal;
  /** For whoever is told of its coming and going. */
  readonly #id: string;
  readonly #reader: ChannelReader;
  #outbox: StreamOutbox | undefined;
  #lag: StreamLag | undefined;
  #state: State = OPEN;
  /** The id that the client has by now, if all arrives; unless a message that went out as it is, has brought a newer one. */
  #sentCursor: string | undefined;
  /** Place of that message, with the only namespace there is. */
  #sentPlace: number | undefined;
  #beatAt: number;
  /** When it is as old as streams may become. */
  readonly #ageAt: number;

  constructor(host: EventStreamHost, principal: Principal, id: string) {
    const { uptime, limits, random } = host.node;
    this.#host = host;
    this.#ageAt = endOfAge(uptime(), limits.connectionAgeMs, random());
    this.#principal = principal;
    this.#id = id;
    this.#reader = new ChannelReader(this, limits.outboxBytes, (laggard) => this.#lag?.add(laggard));
    this.#beatAt = this.#nextBeat(uptime());
  }

  /** Whether it may miss messages without being told by a reset. */
  get hasLive(): boolean {
    return this.#reader.hasLive;
  }

  /** It reads too slowly, or has not caught up since it did. */
  get isLagging(): boolean {
    return this.#lag?.isLagging === true;
  }

  /** Begins on a stream whose first bytes are sent. */
  begin(
    stream: ResponseStream,
    channels: readonly string[],
    format: Format,
    cursor: Cursor | undefined,
  ): void {
    const { node } = this.#host;
    this.#outbox = new StreamOutbox(stream, node.uptime);
    this.#lag = new StreamLag(this.#outbox, node, this);
    node.events?.connectionOpened(this.#announced);
    this.#reader.start(node.hub, channels, format, cursor);
    this.reschedule();
  }

  begun(): void {
    // Right behind what is let go now: nothing else comes in between.
    queueMicrotask(() => this.#checkpoint());
  }

  live(frames: readonly Frame[]): void {
    const lag = this.#lag;
    if (this.#state.kind !== "open" || lag === undefined) {
      return;
    }
    const pieces = this.#host.joined.of(frames);
    // An iterator would be allocated for each stream.
    for (let index = 0; index < pieces.length; index += 1) {
      const piece = pieces[index];
      if (piece === undefined) {
        return;
      }
      if (lag.isFull) {
        lag.skip(piece.count);
      } else {
        this.#sendPiece(piece.count, piece.bytes);
      }
    }
  }

  ordered(namespace: string, items: readonly ReaderItem[], mark: number, must: boolean): boolean {
    if (this.#state.kind !== "open") {
      return true;
    }
    if (!must && this.#lag?.isFull === true) {
      return false;
    }
    if (this.#reader.namespaces === 1 && isPlain(items, mark)) {
      this.#sentPlace = items.at(-1)?.sequence;
      this.#sendPieces(items.length, this.#host.joined.of(items));
      return true;
    }
    const events: Uint8Array[] = [];
    let place = mark;
    for (const item of items) {
      const moves = item.sequence > place;
      place = Math.max(place, item.sequence);
      events.push(this.#eventOf(namespace, item, place, moves));
    }
    this.#send(
      items.length,
      events.reduce((sum, { byteLength }) => sum + byteLength, 0),
      events,
    );
    return true;
  }

  settling(): void {
    this.#watch();
  }

  failed(error: BrokerError | "overflow"): void {
    if (error === "overflow") {
      this.#farewell("broker_unavailable", "too much came while a channel was being repaired");
    } else if (lossCode(error) === "forbidden") {
      this.#farewell("forbidden", "the node may not have this channel from NATS");
    } else {
      this.#farewell("broker_unavailable", "the node cannot get a channel from NATS now");
    }
  }

  /** Live messages may be missing: the link to NATS was interrupted. */
  notifyMissed(): void {
    if (this.#state.kind === "open" && this.hasLive) {
      this.#tellMissed({});
    }
  }

  writable(): void {
    this.#outbox?.writable();
    this.#afterProgress();
  }

  gone(): void {
    this.#outbox?.abandon();
    this.#close("client");
  }

  drain(reconnectMs: number): void {
    this.#reader.serve();
    this.#farewell("draining", "the node is leaving", reconnectMs);
  }

  /** Ends in order what can be, and cuts the rest. */
  end(name: CloseName, reason: string): void {
    this.#farewell(name, reason);
    this.#cut(name);
  }

  /** @internal Called by the timer wheel. */
  wake(now: number): void {
    const { limits } = this.#host.node;
    const outbox = this.#outbox;
    if (outbox === undefined || this.#state.kind === "closed") {
      return;
    }
    if (this.#state.kind === "open" && now >= this.#expiresAt) {
      this.#farewell("token_expired", "come back with a new token");
    }
    if (this.#state.kind === "open" && now >= this.#ageAt) {
      const reconnectMs = Math.floor(this.#host.node.random() * MOVE_WITHIN_MS);
      this.#farewell("connection_age", "the stream is old enough; come back", reconnectMs);
    }
    if (this.#state.kind === "open" && now >= (this.#lag?.overdueAt ?? Number.POSITIVE_INFINITY)) {
      // The client resumes from what it got. What waits is still sent: the more it gets, the less it has to get again.
      this.#farewell("slow_consumer", "this client read too slowly; it resumes from where it is");
    }
    if (now >= this.#deadline || now >= outbox.stuckSince + limits.laggingMs) {
      this.#cut("slow_consumer");
      return;
    }
    this.#lag?.wake(now);
    if (this.#reader.isSettling) {
      this.#reader.flush();
    }
    if (now >= this.#beatAt) {
      this.#beatAt = this.#nextBeat(now);
      this.#beat(now);
    }
    if (now >= outbox.probeAt) {
      outbox.probe();
      this.#afterProgress();
    }
    this.reschedule();
  }

  get #expiresAt(): number {
    return expiryOf(this.#principal, this.#host.node);
  }

  /** When it has to end, if nothing changes. */
  get #openUntil(): number {
    return Math.min(this.#expiresAt, this.#ageAt, this.#lag?.overdueAt ?? Number.POSITIVE_INFINITY);
  }

  get #deadline(): number {
    return this.#state.kind === "ending" ? this.#state.deadline : Number.POSITIVE_INFINITY;
  }

  /** @param moves whether it is behind everything that was sent of its namespace. */
  #eventOf(namespace: string, item: ReaderItem, place: number, moves: boolean): Uint8Array {
    const cursor = moves || "reset" in item ? this.#reader.cursorAt(place, namespace) : undefined;
    if (cursor !== undefined) {
      this.#sentCursor = cursor;
      this.#sentPlace = undefined;
    }
    if ("reset" in item) {
      return Buffer.from(ownEventText("reset", { ...item.reset }, cursor));
    }
    // In one piece: what came between an id and its event would move the id ahead of it.
    return cursor === undefined ? withoutId(item.bytes) : withId(cursor, item.bytes);
  }

  /** @param bytes of all events. */
  #send(messages: number, bytes: number, events: readonly Uint8Array[]): void {
    this.#outbox?.pushAll(events);
    this.#count(messages, bytes);
    this.#watch();
  }

  /** The same, of one chunk: nothing is allocated for it, not even a number. */
  #sendPiece(messages: number, chunk: Uint8Array): void {
    const isWatched = this.#outbox?.isUncertain === true;
    this.#outbox?.push(chunk);
    this.#count(messages, chunk.byteLength);
    if (!isWatched) {
      this.#watch();
    }
  }

  /** The same, of several, which count as one: together they may be a long replay. */
  #sendPieces(messages: number, pieces: readonly JoinedPiece[]): void {
    const isWatched = this.#outbox?.isUncertain === true;
    let bytes = 0;
    for (let index = 0; index < pieces.length; index += 1) {
      const chunk = pieces[index]?.bytes;
      if (chunk !== undefined) {
        this.#outbox?.push(chunk);
        bytes += chunk.byteLength;
      }
    }
    this.#count(messages, bytes);
    if (!isWatched) {
      this.#watch();
    }
  }

  #count(messages: number, bytes: number): void {
    const { traffic } = this.#host.node;
    traffic.messagesOut += messages;
    traffic.bytesOut += bytes;
    this.#lag?.weigh();
  }

  #tellMissed(data: { readonly missed?: number }): void {
    this.#host.node.instruments.errors.messages_missed.inc();
    this.#outbox?.push(Buffer.from(ownEventText("missed", data)));
  }

  /** A sign of life, and where the client stands if that has moved without a message. */
  #beat(now: number): void {
    if (this.#state.kind === "open" && !this.#checkpoint() && now > (this.#outbox?.wroteAt ?? now)) {
      this.#outbox?.push(COMMENT);
    }
  }

  /** Tells the client's place if it has moved. */
  #checkpoint(): boolean {
    if (this.#state.kind !== "open") {
      return false;
    }
    const cursor = this.#reader.checkpoint();
    const sent = this.#sentPlace === undefined ? this.#sentCursor : this.#reader.cursorAt(this.#sentPlace);
    // Asking may have delivered something that ended the stream.
    if (cursor === undefined || cursor === sent || this.#outbox === undefined) {
      return false;
    }
    this.#sentCursor = cursor;
    this.#sentPlace = undefined;
    this.#outbox.push(Buffer.from(checkpointText(cursor)));
    this.#watch();
    return true;
  }

  /** The client has read something, perhaps. */
  #afterProgress(): void {
    const state = this.#state;
    const outbox = this.#outbox;
    if (outbox === undefined) {
      return;
    }
    if (state.kind === "ending" && !outbox.isBlocked) {
      this.#finish(state.cause);
    } else if (state.kind === "open") {
      const missed = this.#lag?.drained() ?? 0;
      if (missed > 0) {
        this.#tellMissed({ missed });
      }
      this.#lag?.advance();
    }
    this.#watch();
  }

  /** Says why the stream ends and when to come back, as the last that is sent. */
  #farewell(name: CloseName, reason: string, reconnectMs = this.#host.reconnectMs()): void {
    if (this.#state.kind !== "open") {
      return;
    }
    const { node } = this.#host;
    this.#reader.release();
    this.#lag?.close();
    this.#state = { kind: "ending", cause: name, deadline: node.uptime() + node.limits.laggingMs };
    const text = retryText(reconnectMs) + ownEventText("end", { code: name, message: reason });
    this.#outbox?.push(Buffer.from(text));
    if (this.#outbox?.isBlocked !== true) {
      this.#finish(name);
    } else {
      this.reschedule();
    }
  }

  #finish(cause: CloseName): void {
    this.#outbox?.end();
    this.#close(cause);
  }

  #cut(cause: CloseName): void {
    this.#outbox?.cut();
    this.#close(this.#state.kind === "ending" ? this.#state.cause : cause);
  }

  #close(cause: CloseCause): void {
    if (this.#state.kind === "closed") {
      return;
    }
    const { node, closed } = this.#host;
    this.#state = CLOSED;
    this.#reader.release();
    this.#lag?.close();
    node.wheel.cancel(this);
    node.instruments.closes[cause].inc();
    if (this.#outbox !== undefined) {
      node.events?.connectionClosed(this.#announced, cause);
    }
    closed(this);
  }

  get #announced(): AnnouncedConnection {
    return { transport: "sse", connection: this.#id, user: this.#principal?.user };
  }

  #nextBeat(now: number): number {
    const { ping, random } = this.#host.node;
    return now + ping.intervalMs * (EARLIEST_BEAT + random() * BEAT_SPREAD);
  }

  /** After a write, and where there is something to wait for: makes sure to be awake when it has to be looked at. */
  #watch(): void {
    if (this.#state.kind !== "closed" && this.wakeAt > this.#attentionAt) {
      this.reschedule();
    }
  }

  /** When to look at what was written, and at what is held. */
  get #attentionAt(): number {
    const settleAt = this.#reader.isSettling
      ? this.#host.node.uptime() + SETTLE_MS
      : Number.POSITIVE_INFINITY;
    return Math.min(this.#outbox?.probeAt ?? Number.POSITIVE_INFINITY, settleAt);
  }

  /** @internal Called by what lags. */
  reschedule(): void {
    const { node } = this.#host;
    const outbox = this.#outbox;
    if (this.#state.kind === "closed" || outbox === undefined) {
      return;
    }
    const wakeAt = Math.min(
      this.#beatAt,
      this.#state.kind === "open" ? this.#openUntil : this.#deadline,
      this.#lag?.wakeAt ?? Number.POSITIVE_INFINITY,
      this.#attentionAt,
      outbox.stuckSince + node.limits.laggingMs,
    );
    node.wheel.schedule(this, wakeAt);
  }
}

/** Whether these go out as they are: frames alone, each behind the one before. By index, which costs no iterator. */
function isPlain(items: readonly ReaderItem[], mark: number): items is readonly Frame[] {
  let place = mark;
  for (let index = 0; index < items.length; index += 1) {
    const item = items[index];
    if (item === undefined || "reset" in item || item.sequence <= place) {
      return false;
    }
    place = item.sequence;
  }
  return true;
}
