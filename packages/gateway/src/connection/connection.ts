import { type Identity, VERIFICATION_FAILURES } from "@tidegate/auth";
import type { PublisherIdentity } from "@tidegate/broker";
import type { CloseName, ErrorCode, ServerMessage } from "@tidegate/protocol";
import type { Format, Frame } from "../fan-out/format.ts";
import { type Answer, errorAnswer, type Session } from "../handlers/session.ts";
import { subscribe } from "../handlers/subscribe.ts";
import type { CloseCause } from "../instruments.ts";
import type { PingTimes } from "../limits.ts";
import type { Principal } from "../namespace-policies.ts";
import type { NodeContext } from "../node-context.ts";
import type { Socket } from "../socket.ts";
import type { Sleeper } from "../timer-wheel.ts";
import { CLOSED, type ConnectionState } from "./connection-state.ts";
import { type Ending, nextDeadline, overdue } from "./deadlines.ts";
import { FrameIntake } from "./frame-intake.ts";
import { greeting } from "./greeting.ts";
import { copyFrame, HeldFrames, type InboundFrame } from "./held-frames.ts";
import { readInbound } from "./inbound-message.ts";
import { Liveness } from "./liveness.ts";
import { Outbox } from "./outbox.ts";
import { type Subscription, Subscriptions } from "./subscriptions.ts";

const PING = '{"type":"ping"}';

/** How a raw client is told why its channels can't be had. What is not here is a mistake in the address. */
const RAW_CLOSE: Readonly<Record<string, CloseName | undefined>> = {
  forbidden: "forbidden",
  broker_unavailable: "broker_unavailable",
  internal_error: "internal_error",
};

/** One client on one WebSocket, from the upgrade to the close. The transport calls in; nothing here knows the transport. */
export class Connection implements Session, Sleeper {
  wakeAt: number = Number.POSITIVE_INFINITY;
  wheelSlot = -1;
  readonly context: NodeContext;
  readonly id: string;
  format: Format;
  readonly subscriptions: Subscriptions = new Subscriptions();
  readonly #socket: Socket;
  readonly #outbox: Outbox;
  readonly #intake: FrameIntake;
  readonly #liveness: Liveness;
  readonly #onClosed: (connection: Connection) => void;
  #channels: readonly string[];
  #state: ConnectionState;
  #abort: AbortController | undefined;
  #publisher: PublisherIdentity | undefined;

  /**
   * @param channels named in the address; subscribed to once the client is authenticated.
   * @param onClosed called exactly once, whoever closes.
   */
  constructor(
    context: NodeContext,
    socket: Socket,
    id: string,
    format: Format,
    channels: readonly string[],
    onClosed: (connection: Connection) => void,
  ) {
    const now = context.now();
    this.context = context;
    this.id = id;
    this.format = format;
    this.#socket = socket;
    this.#channels = channels;
    this.#onClosed = onClosed;
    this.#outbox = new Outbox(socket, context.traffic, context.limits.outboxBytes);
    this.#intake = new FrameIntake(this, context.limits.messageBurst, now);
    this.#liveness = new Liveness(now, context.ping, context.random());
    this.#state = { kind: "waiting", deadline: now + context.limits.unauthenticatedMs };
    this.#reschedule();
  }

  get principal(): Principal {
    return this.#state.kind === "open" || this.#state.kind === "leaving" ? this.#state.principal : undefined;
  }

  get publisher(): PublisherIdentity {
    const { principal } = this;
    this.#publisher ??= { user: principal?.user, connection: this.id, claims: principal?.claims };
    return this.#publisher;
  }

  get requestsInFlight(): number {
    return this.#intake.requestsInFlight;
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
    const { policies } = this.context;
    if (token !== undefined) {
      void this.#authenticate(token, undefined, []);
    } else if (
      this.#channels.length > 0 &&
      this.#channels.every((channel) => policies.allows(undefined, "subscribe", channel))
    ) {
      this.#open(undefined, undefined, []);
    }
  }

  /** A frame from the client. `data` is only lent. */
  receive(data: ArrayBuffer, binary: boolean): void {
    const { limits, traffic } = this.context;
    traffic.messagesIn += 1;
    traffic.bytesIn += data.byteLength;
    this.#liveness.heard();
    switch (this.#state.kind) {
      case "waiting":
        if (data.byteLength > limits.unauthenticatedBytes) {
          this.end("frame_too_large", `at most ${limits.unauthenticatedBytes} bytes before authentication`);
        } else {
          this.#first(copyFrame(data, binary));
        }
        return;
      case "verifying": {
        const violation = this.#state.held.hold(copyFrame(data, binary), limits);
        if (violation !== undefined) {
          this.end(violation, "wait for connected before sending more");
        }
        return;
      }
      case "open":
      case "leaving":
        if (data.byteLength > limits.frameBytes) {
          this.end("frame_too_large", `a frame may hold at most ${limits.frameBytes} bytes`);
        } else {
          this.#handle(copyFrame(data, binary));
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

  /** The transport's buffer ran empty. */
  writable(): void {
    const missed = this.#outbox.drained();
    if (missed > 0 && this.format !== "raw") {
      const message = "this client read too slowly; messages of live channels were skipped";
      this.notify(errorAnswer(undefined, "messages_missed", message, { missed }));
    }
  }

  deliver(frames: readonly Frame[]): void {
    this.#outbox.deliver(frames, this.context.now);
    if (this.#outbox.overflowed || this.#outbox.state.kind === "lagging") {
      // Not closed from here: this runs inside the walk over the audience.
      this.#reschedule();
    }
  }

  notify(message: ServerMessage): void {
    this.#send(message);
  }

  /** Tells that live messages may be missing, with a frame shared by all connections. */
  notifyMissed(frame: string): void {
    if (this.format !== "raw" && this.subscriptions.size > 0) {
      this.context.instruments.errors.messages_missed.inc();
      this.#outbox.answer(frame);
    }
  }

  /** The broker gave up one of the channels. */
  lose(subscription: Subscription, code: "forbidden" | "broker_unavailable"): void {
    this.subscriptions.removeOne(subscription);
    const message = "the node can no longer get this channel from NATS";
    if (this.format === "raw") {
      this.end(code, message);
    } else {
      this.#send({ type: "unsubscribed", channel: subscription.name, code, message });
    }
  }

  renew(identity: Identity): void {
    if (this.#state.kind === "open" || this.#state.kind === "leaving") {
      this.#state = { kind: this.#state.kind, principal: identity };
      this.#publisher = undefined;
      this.#reschedule();
    }
  }

  /** The node leaves: says so, answers what is in flight, and closes. */
  drain(reconnectMs: number): void {
    if (this.#state.kind === "open") {
      if (this.format !== "raw") {
        this.#send({ type: "draining", reconnect: reconnectMs });
      }
      this.#state = { kind: "leaving", principal: this.#state.principal };
      this.#leaveIfIdle();
    } else if (this.#state.kind !== "leaving") {
      this.end("draining", "the node is leaving");
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
    if (this.isClosed) {
      return;
    }
    const ending =
      overdue(this.#state, this.#outbox, limits, now) ?? this.#checkLiveness(now, ping, random());
    if (ending === undefined) {
      this.#reschedule();
    } else {
      this.end(ending.name, ending.reason);
    }
  }

  #checkLiveness(now: number, times: PingTimes, random: number): Ending | undefined {
    switch (this.#liveness.check(now, times, random)) {
      case "dead":
        return { name: "no_pong", reason: "no pong came in time" };
      case "ping":
        this.#ping();
        return undefined;
      case "fine":
        return undefined;
    }
  }

  #ping(): void {
    if (this.format !== "raw" && this.#outbox.state.kind === "flowing") {
      this.#outbox.answer(PING);
    }
    this.#socket.ping();
  }

  /** The first frame has to be `connect`. */
  #first(frame: InboundFrame): void {
    const { decoded } = readInbound(frame);
    if (!decoded.ok || decoded.message.type !== "connect") {
      this.end("connect_required", "the first message must be connect");
      return;
    }
    const { id, token, channels = [], binary } = decoded.message;
    this.#intake.startAfter(id);
    if (binary === true && this.format === "json") {
      this.format = "json-binary";
    }
    if (token !== undefined) {
      void this.#authenticate(token, id, channels);
    } else if (this.context.policies.admitsAnonymous) {
      this.#open(undefined, id, channels);
    } else {
      this.context.instruments.authentications.token_missing.inc();
      this.end("token_missing", "send a token in connect");
    }
  }

  async #authenticate(token: string, id: number | undefined, channels: readonly string[]): Promise<void> {
    const { context } = this;
    const deadline = this.#state.kind === "waiting" ? this.#state.deadline : context.now();
    const held = new HeldFrames();
    this.#state = { kind: "verifying", deadline, held };
    const startedAt = performance.now();
    const verification = await context.verifier.verify(token);
    context.instruments.authenticationSeconds.observe((performance.now() - startedAt) / 1000);
    if (this.#state.kind !== "verifying") {
      return;
    }
    if (verification.ok) {
      context.instruments.authentications.ok.inc();
      this.#open(verification.identity, id, channels);
      for (const frame of held.take()) {
        this.#handle(frame);
      }
    } else {
      context.instruments.authentications[verification.failure].inc();
      this.end(VERIFICATION_FAILURES[verification.failure].error, verification.message);
    }
  }

  #open(principal: Principal, id: number | undefined, channels: readonly string[]): void {
    if (principal === undefined) {
      this.context.instruments.authentications.anonymous.inc();
    }
    this.#state = { kind: "open", principal };
    this.#reschedule();
    if (this.format !== "raw") {
      this.#send(greeting(this.context, this.id, principal, id));
    }
    // The same channel in the address and in connect is one wish, not an error.
    const wanted = new Set([...this.#channels, ...channels]);
    this.#channels = [];
    for (const channel of wanted) {
      void this.#subscribeUnasked(channel);
    }
  }

  /** Subscribes to what the address or `connect` named. A raw client can be told of a failure only by the close. */
  async #subscribeUnasked(channel: string): Promise<void> {
    const answer = await subscribe(this, channel, undefined);
    if (answer === undefined || this.isClosed) {
      return;
    }
    if (this.format !== "raw") {
      this.#send(answer);
    } else if (answer.type === "error") {
      const name = RAW_CLOSE[answer.code] ?? "request_invalid";
      this.end(name, answer.message);
    }
  }

  #handle(frame: InboundFrame): void {
    if (this.isClosed) {
      return;
    }
    if (this.format === "raw") {
      this.end("receive_only", "raw connections only receive");
      return;
    }
    const outcome = this.#intake.take(frame);
    switch (outcome.kind) {
      case "answer":
        this.#send(outcome.answer);
        return;
      case "later":
        void this.#sendLater(outcome.answer);
        return;
      case "close":
        this.end(outcome.name, outcome.reason);
        return;
    }
  }

  async #sendLater(pending: Promise<Answer | undefined>): Promise<void> {
    const answer = await pending;
    if (answer !== undefined) {
      this.#send(answer);
    }
    this.#leaveIfIdle();
  }

  #leaveIfIdle(): void {
    if (this.#state.kind === "leaving" && this.#intake.requestsInFlight === 0) {
      this.end("draining", "the node is leaving");
    }
  }

  #send(answer: Answer): void {
    if (this.isClosed) {
      return;
    }
    if (answer.type === "encoded") {
      this.#outbox.answer(answer.frame, answer.binary);
    } else {
      if (answer.type === "error") {
        this.context.instruments.errors[answer.code as ErrorCode].inc();
      }
      this.#outbox.answer(JSON.stringify(answer));
    }
    if (this.#outbox.overflowed) {
      this.end("slow_consumer", "too much was waiting to be read");
    }
  }

  #reschedule(): void {
    if (!this.isClosed) {
      const deadline = nextDeadline(this.#state, this.#outbox, this.context.limits);
      this.context.wheel.schedule(this, Math.min(deadline, this.#liveness.dueAt));
    }
  }

  /** The one place where a connection ends. False if it had ended already. */
  #close(cause: CloseCause): boolean {
    if (this.isClosed) {
      return false;
    }
    this.#state = CLOSED;
    this.#channels = [];
    this.subscriptions.clear();
    this.#abort?.abort();
    this.context.wheel.cancel(this);
    this.context.instruments.closes[cause].inc();
    this.context.logger.debug({ connection: this.id, cause }, "connection closed");
    this.#onClosed(this);
    return true;
  }
}
