import type { Identity } from "@tidegate/auth";
import type { BrokerError, PublisherIdentity } from "@tidegate/broker";
import type { CloseName, Connect, ErrorCode, Position, ResetReason, ServerMessage } from "@tidegate/protocol";
import type { Format, Frame } from "../fan-out/format.ts";
import { type Answer, missedNotice, type Session } from "../handlers/session.ts";
import type { CloseCause } from "../instruments.ts";
import type { AnnouncedConnection } from "../lifecycle/lifecycle-events.ts";
import type { Principal } from "../namespace-policies.ts";
import type { NodeContext } from "../node-context.ts";
import type { Socket } from "../socket.ts";
import type { Sleeper } from "../timer-wheel.ts";
import { type Applicant, agreedFormat, begin, enter } from "./admittance.ts";
import { endOfAge, MOVE_WITHIN_MS } from "./connection-age.ts";
import {
  CLOSED,
  type ConnectionState,
  isAuthenticated,
  LEAVING_WORDS,
  type LeavingCause,
} from "./connection-state.ts";
import { isTooOld, nextDeadline, overdue } from "./deadlines.ts";
import { type AddressWish, Entrance } from "./entrance.ts";
import { FrameIntake, type IntakeOutcome } from "./frame-intake.ts";
import type { InboundFrame } from "./held-frames.ts";
import { Liveness, pingText } from "./liveness.ts";
import { Outbox, type OutboxOwner } from "./outbox.ts";
import { tellLoss, tellReset } from "./refusal.ts";
import { ReplayGate } from "./replay-gate.ts";
import { type Deliveries, type Subscription, Subscriptions } from "./subscriptions.ts";
import { expiryOf } from "./token-expiry.ts";
import { type Newcomer, welcome } from "./welcome.ts";

/** One client on one WebSocket, from the upgrade to the close. The transport calls in; nothing here knows the transport. */
export class Connection implements Applicant, Newcomer, OutboxOwner, Session, Sleeper {
  wakeAt: number = Number.POSITIVE_INFINITY;
  wheelSlot = -1;
  wheelIndex = -1;
  readonly context: NodeContext;
  readonly id: string;
  format: Format;
  readonly subscriptions: Subscriptions = new Subscriptions();
  readonly #socket: Socket;
  readonly #outbox: Outbox;
  readonly #liveness: Liveness;
  readonly #onClosed: (connection: Connection) => void;
  #state: ConnectionState;
  /** Made for the first frame behind `connect`: many clients never send one. */
  #intake: FrameIntake | undefined;
  #connectId = 0;
  #replays: ReplayGate | undefined;
  #abort: AbortController | undefined;
  #publisher: PublisherIdentity | undefined;

  /**
   * @param wish of the address: subscribed to once the client is authenticated.
   * @param onClosed called exactly once, whoever closes.
   */
  constructor(
    context: NodeContext,
    socket: Socket,
    id: string,
    format: Format,
    wish: AddressWish,
    onClosed: (connection: Connection) => void,
  ) {
    const { limits, uptime } = context;
    const openedAt = uptime();
    this.context = context;
    this.id = id;
    this.format = format;
    this.#socket = socket;
    this.#onClosed = onClosed;
    this.#outbox = new Outbox(socket, context, this);
    this.#liveness = new Liveness(openedAt, context.ping, context.random());
    this.#state = { kind: "entering", entrance: new Entrance(openedAt + limits.unauthenticatedMs, wish) };
    this.reschedule();
  }

  get principal(): Principal {
    return isAuthenticated(this.#state) ? this.#state.principal : undefined;
  }

  get publisher(): PublisherIdentity {
    const { principal } = this;
    this.#publisher ??= { user: principal?.user, connection: this.id, claims: principal?.claims };
    return this.#publisher;
  }

  get requestsInFlight(): number {
    return this.#intake?.requestsInFlight ?? 0;
  }

  get replays(): ReplayGate {
    this.#replays ??= new ReplayGate(() => this.#outbox.hasRoom);
    return this.#replays;
  }

  get isLeaving(): boolean {
    return this.#state.kind === "leaving";
  }

  get deliveries(): Deliveries {
    return this.#outbox;
  }

  /** It reads too slowly, or has not caught up since it did. */
  get isLagging(): boolean {
    return this.#outbox.isLagging;
  }

  get isClosed(): boolean {
    return this.#state.kind === "closed";
  }

  get signal(): AbortSignal {
    this.#abort ??= new AbortController();
    if (this.isClosed) {
      this.#abort.abort();
    }
    return this.#abort.signal;
  }

  /** Starts by what the handshake carried: a token, or channels that need none; otherwise waits for `connect`. */
  begin(token: string | undefined): void {
    if (this.#state.kind === "entering") {
      begin(this, this.#state.entrance, token);
    }
  }

  /** A frame from the client, or one that was held until there was this connection to take it. */
  receive(frame: InboundFrame): void {
    const { limits, traffic } = this.context;
    traffic.messagesIn += 1;
    traffic.bytesIn += frame.bytes;
    this.#liveness.heard();
    switch (this.#state.kind) {
      case "entering":
        enter(this, this.#state.entrance, frame);
        return;
      case "open":
      case "leaving":
        if (frame.bytes > limits.frameBytes) {
          this.end("frame_too_large", `a frame may hold at most ${limits.frameBytes} bytes`);
        } else {
          this.#handle(frame);
        }
        return;
      case "closed":
        return;
    }
  }

  /** A pong came. */
  heard(): void {
    this.#liveness.heard();
  }

  /** The network took some of what the transport holds for the client. */
  writable(): void {
    // A pong can't come before what waits ahead of the ping has been read.
    this.#liveness.heard();
    const missed = this.#outbox.drained();
    if (missed !== undefined) {
      this.notify(missedNotice(missed));
    }
    this.#replays?.advance();
    this.#outbox.advance();
  }

  replay(subscription: Subscription, frames: readonly Frame[], begin: Position | undefined): void {
    this.#outbox.deliverBehind(subscription, frames, begin);
  }

  reset(subscription: Subscription, reason: ResetReason, position: Position): void {
    tellReset(this, subscription.name, reason, position);
  }

  notify(message: ServerMessage): void {
    this.#send(message);
  }

  /** Tells that live messages may be missing, with a frame shared by all connections. */
  notifyMissed(frame: string): void {
    if (this.format !== "raw" && this.subscriptions.hasLive) {
      this.context.instruments.errors.messages_missed.inc();
      this.#outbox.answer(frame);
    }
  }

  lose(subscription: Subscription, error: BrokerError): void {
    this.subscriptions.removeOne(subscription);
    tellLoss(this, subscription.name, error);
  }

  /** @internal Called while the client is let in. */
  admit(entrance: Entrance, principal: Principal, connect: Connect | undefined): void {
    const { events, instruments, limits, uptime, random } = this.context;
    instruments.authentications[principal === undefined ? "anonymous" : "ok"].inc();
    if (connect !== undefined) {
      this.#connectId = connect.id;
      this.format = agreedFormat(this.format, connect);
    }
    this.#state = { kind: "open", principal, ageAt: endOfAge(uptime(), limits.connectionAgeMs, random()) };
    events?.connectionOpened(this.#announced);
    this.reschedule();
    welcome(this, entrance.wish, connect?.id, connect?.channels ?? []);
    for (const frame of entrance.release()) {
      this.#handle(frame);
    }
  }

  renew(identity: Identity): void {
    if (isAuthenticated(this.#state)) {
      this.#state = { ...this.#state, principal: identity };
      this.#publisher = undefined;
      this.reschedule();
    }
  }

  /** It has to leave: says so, answers what is in flight, and closes. */
  drain(reconnectMs: number, cause: LeavingCause = "draining"): void {
    if (this.#state.kind === "open") {
      this.subscriptions.serve();
      this.#send({ type: "draining", reconnect: reconnectMs });
      this.#state = { kind: "leaving", principal: this.#state.principal, cause };
      this.#leaveIfIdle();
    } else if (this.#state.kind === "entering") {
      this.end(cause, LEAVING_WORDS[cause]);
    }
  }

  /** Closes with a code of the table. Safe in any state; only the first close counts. */
  end(name: CloseName, reason: string): void {
    if (this.#close(name)) {
      this.#socket.end(name, reason);
    }
  }

  /** The transport is gone, by whoever's doing. */
  closed(cause: CloseCause): void {
    this.#close(cause);
  }

  /** @internal Called by the timer wheel. */
  wake(now: number): void {
    const { limits, ping, random } = this.context;
    const ending = overdue(
      this.#state,
      this.#expiresAt,
      this.#outbox.state,
      this.#outbox.behindSince,
      limits,
      now,
    );
    if (ending !== undefined) {
      this.end(ending.name, ending.reason);
      return;
    }
    if (isTooOld(this.#state, now)) {
      this.drain(Math.floor(random() * MOVE_WITHIN_MS), "connection_age");
    }
    if (this.isClosed) {
      return;
    }
    this.#outbox.wake(now);
    const verdict = this.#liveness.check(now, ping, random());
    if (verdict === "dead") {
      this.end("no_pong", "no pong came in time");
      return;
    }
    if (verdict === "ping") {
      this.#ping();
    }
    this.reschedule();
  }

  #ping(): void {
    // `connected` has to be the first message; and a lagging client has more to read than it can take.
    if (isAuthenticated(this.#state) && this.format !== "raw" && this.#outbox.state.kind === "flowing") {
      this.#outbox.answer(pingText(this.subscriptions.checkpoint()));
    }
    this.#socket.ping();
  }

  #handle(frame: InboundFrame): void {
    if (this.isClosed) {
      return;
    }
    const { limits, uptime } = this.context;
    this.#intake ??= new FrameIntake(this, limits.messageBurst, uptime(), this.#connectId);
    const outcome = this.#intake.take(frame);
    switch (outcome.kind) {
      case "answer":
        this.#send(outcome.answer);
        return;
      case "later":
        this.run(this.#sendLater(outcome));
        return;
      case "close":
        this.end(outcome.name, outcome.reason);
        return;
    }
  }

  async #sendLater({ answer, counted }: IntakeOutcome & { kind: "later" }): Promise<void> {
    const message = await answer;
    if (message !== undefined) {
      this.#send(message);
    }
    if (counted !== undefined) {
      // Not before it is sent: of two replies at once, the first would close the connection on the second.
      this.#intake?.answered(counted);
      this.#leaveIfIdle();
    }
  }

  #leaveIfIdle(): void {
    if (this.#state.kind === "leaving" && this.#intake?.isIdle !== false) {
      const { cause } = this.#state;
      this.end(cause, LEAVING_WORDS[cause]);
    }
  }

  /** Everything that is not a message of a channel goes out here; to a raw client, nothing. */
  #send(answer: Answer | undefined): void {
    if (answer === undefined || this.isClosed || this.format === "raw") {
      return;
    }
    if (answer.type === "encoded") {
      this.#outbox.answer(answer.frame, answer.binary);
      return;
    }
    if (answer.type === "error") {
      this.context.instruments.errors[answer.code as ErrorCode].inc();
    }
    this.sendText(JSON.stringify(answer));
  }

  /** @internal Sends a message that is written already. */
  sendText(frame: string): void {
    if (!this.isClosed && this.format !== "raw") {
      this.#outbox.answer(frame);
    }
  }

  /** @internal Called by the outbox. */
  relay(): void {
    this.subscriptions.relay();
  }

  /** @internal Does all in one write to the network. Must not throw. */
  inOneWrite(work: () => void): void {
    this.#socket.cork(work);
  }

  /** @internal Runs what nobody waits for. It deals with every failure that can be expected; what is left ends this connection alone. */
  run(work: Promise<void>): void {
    work.catch((error: unknown) => this.#fail(error));
  }

  /** @internal The same, for work that is done at once; none on a connection that has ended. */
  attempt(work: () => void): void {
    try {
      if (!this.isClosed) {
        work();
      }
    } catch (error) {
      this.#fail(error);
    }
  }

  #fail(error: unknown): void {
    this.context.logger.error({ err: error, connection: this.id }, "a connection failed");
    this.end("internal_error", "the node has logged what happened");
  }

  /** Makes sure to be awake when something runs out; the wheel then closes what has to be closed, within a tick. */
  reschedule(): void {
    if (!this.isClosed) {
      const outbox = this.#outbox;
      const deadline = nextDeadline(
        this.#state,
        this.#expiresAt,
        outbox.state,
        outbox.behindSince,
        this.context.limits,
      );
      this.context.wheel.schedule(this, Math.min(deadline, this.#liveness.dueAt, outbox.wakeAt));
    }
  }

  get #expiresAt(): number {
    return expiryOf(this.principal, this.context);
  }

  get #announced(): AnnouncedConnection {
    return { transport: "websocket", connection: this.id, user: this.principal?.user };
  }

  /** The one place where a connection ends. False if it had ended already. */
  #close(cause: CloseCause): boolean {
    if (this.isClosed) {
      return false;
    }
    if (isAuthenticated(this.#state)) {
      this.context.events?.connectionClosed(this.#announced, cause);
    }
    this.#state = CLOSED;
    this.#outbox.close();
    this.subscriptions.clear();
    this.#abort?.abort();
    this.context.wheel.cancel(this);
    this.context.instruments.closes[cause].inc();
    this.context.logger.debug({ connection: this.id, cause }, "connection closed");
    this.#onClosed(this);
    return true;
  }
}
