import {
  App,
  type HttpRequest,
  type HttpResponse,
  type us_listen_socket,
  us_listen_socket_close,
  type us_socket_context_t,
  us_socket_local_port,
  type WebSocket,
} from "uWebSockets.js";
import type { Logger } from "@tidegate/runtime";
import { copyFrame } from "../connection/held-frames.ts";
import type { Gateway } from "../gateway.ts";
import { GatewayError } from "../gateway-error.ts";
import { UPGRADE_REQUIRED, type UpgradeRefusal, WEBSOCKET_VERSION } from "../http/upgrade-refusal.ts";
import type { PingTimes } from "../limits.ts";
import { closeCause } from "./close-cause.ts";
import { readHandshake } from "./read-handshake.ts";
import { chooseSubprotocol, SUBPROTOCOL_HELP } from "./subprotocol.ts";
import { readRequestHead, UwsExchange } from "./uws-exchange.ts";
import { type SocketData, UwsSocket } from "./uws-socket.ts";

export interface UwsServerOptions {
  readonly host: string;
  /** 0 takes a free port. */
  readonly port: number;
  /** Whether other processes may listen on the same port; the system then spreads connections among them. Not with port 0. */
  readonly shared: boolean;
  readonly gateway: Gateway;
  readonly logger: Logger;
  readonly frameBytes: number;
  readonly unauthenticatedBytes: number;
  readonly forwardedHops: number;
  readonly ping: PingTimes;
}

export interface UwsServer {
  /** The port that was bound. */
  readonly port: number;
  /** Stops accepting; open connections stay. Idempotent. */
  stopAccepting(): void;
  /** Stops accepting and cuts what is left. Idempotent. */
  close(): void;
}

const SHARED_PORT = 0;
const EXCLUSIVE_PORT = 1;
/** Frames up to this factor over the limit get our close code; beyond it uWebSockets.js cuts the connection (1006). */
const FRAME_SLACK = 4;
/** What uWebSockets.js takes as its idle timeout, in seconds; the lower end is ours. */
const LEAST_IDLE = 120;
const MOST_IDLE = 960;
const IDLE_MARGIN = 30;

/** @throws GatewayError `listen_failed` if the address cannot be taken. */
export async function startUwsServer(options: UwsServerOptions): Promise<UwsServer> {
  const { gateway, logger } = options;
  const app = App();
  // An exception must never unwind through a native callback: that ends the process.
  const guard = (handler: string, run: () => void, afterFailure: () => void): void => {
    try {
      run();
    } catch (error) {
      logger.error({ err: error, handler }, "a transport handler failed");
      afterFailure();
    }
  };
  /** A defect in a handler ends the connection it was for, and no other. */
  const failed = (handler: string, error: unknown, { connection, socket }: SocketData): void => {
    logger.error({ err: error, handler }, "a transport handler failed");
    (connection ?? socket)?.end("internal_error", "the node has logged what happened");
  };
  const exchange = (response: HttpResponse, request: HttpRequest): UwsExchange =>
    new UwsExchange(response, readRequestHead(response, request, options.forwardedHops), guard);
  app.ws<SocketData>("/v1/ws", {
    // Compression is off unless asked for; the constant DISABLED has no value in these types.
    compression: 0,
    maxPayloadLength: FRAME_SLACK * Math.max(options.frameBytes, options.unauthenticatedBytes),
    // Unbounded here: the outbox bounds what waits, and what uWebSockets.js drops by itself would leave a hole.
    maxBackpressure: 0,
    closeOnBackpressureLimit: false,
    idleTimeout: idleSeconds(options.ping),
    sendPingsAutomatically: false,
    maxLifetime: 0,
    upgrade: (response, request, context) => {
      guard(
        "upgrade",
        () => {
          const problem = gateway.turnAwayUnseen();
          const refusal =
            problem === undefined
              ? upgrade(response, request, context, options.forwardedHops)
              : { problem, headers: {} };
          if (refusal !== undefined) {
            gateway.http.refuse(exchange(response, request), refusal.problem, refusal.headers);
          }
        },
        // Without an answer, uWebSockets.js would end the process.
        () => response.close(),
      );
    },
    open: (native) => {
      const data = native.getUserData();
      try {
        open(native, data, gateway);
      } catch (error) {
        failed("open", error, data);
      }
    },
    message: (native, message, binary) => {
      const data = native.getUserData();
      try {
        data.connection?.receive(copyFrame(message, binary));
      } catch (error) {
        failed("message", error, data);
      }
    },
    pong: (native) => {
      const data = native.getUserData();
      try {
        data.connection?.heard();
      } catch (error) {
        failed("pong", error, data);
      }
    },
    drain: (native) => {
      const data = native.getUserData();
      try {
        data.connection?.writable();
      } catch (error) {
        failed("drain", error, data);
      }
    },
    close: (native, code, reason) => {
      const data = native.getUserData();
      data.socket?.detach();
      guard(
        "close",
        () => data.connection?.closed(closeCause(code, Buffer.from(reason).toString("latin1"))),
        () => {},
      );
    },
  });
  app.any("/*", (response, request) => {
    guard(
      "request",
      () => gateway.http.handle(exchange(response, request)),
      // Without an answer, uWebSockets.js would end the process.
      () => response.close(),
    );
  });
  const listener = await listen(app, options);
  const stopAccepting = once(() => us_listen_socket_close(listener));
  const cut = once(() => app.close());
  return {
    port: us_socket_local_port(listener),
    stopAccepting,
    close: () => {
      stopAccepting();
      cut();
    },
  };
}

/**
 * A silent socket is cut after this. Only a backstop, later than the pings of the gateway, which find dead clients and
 * close them with a code.
 */
function idleSeconds({ intervalMs, pongTimeoutMs }: PingTimes): number {
  const pings = Math.ceil((intervalMs + pongTimeoutMs) / 1000) + IDLE_MARGIN;
  return Math.min(Math.max(pings, LEAST_IDLE), MOST_IDLE);
}

/** Upgrades, or says what to answer instead. */
function upgrade(
  response: HttpResponse,
  request: HttpRequest,
  context: us_socket_context_t,
  forwardedHops: number,
): UpgradeRefusal | undefined {
  if (request.getHeader("sec-websocket-version") !== WEBSOCKET_VERSION) {
    return UPGRADE_REQUIRED;
  }
  const subprotocol = chooseSubprotocol(request.getHeader("sec-websocket-protocol"));
  if (subprotocol === undefined) {
    return { problem: { code: "invalid_field", detail: SUBPROTOCOL_HELP }, headers: {} };
  }
  const data: SocketData = {
    handshake: readHandshake(response, request, forwardedHops),
    socket: undefined,
    connection: undefined,
  };
  // Not later, when its turn has come: outside of this handler, uWebSockets.js now and then closes what it upgrades corked.
  response.upgrade(data, request.getHeader("sec-websocket-key"), subprotocol, "", context);
  return undefined;
}

function open(native: WebSocket<SocketData>, data: SocketData, gateway: Gateway): void {
  const { handshake } = data;
  // It holds credentials and is needed no more.
  data.handshake = undefined;
  if (handshake !== undefined) {
    const socket = new UwsSocket(native);
    data.socket = socket;
    data.connection = gateway.accept(socket, handshake);
  }
}

function once(run: () => void): () => void {
  let done = false;
  return () => {
    if (!done) {
      done = true;
      run();
    }
  };
}

function listen(
  app: ReturnType<typeof App>,
  { host, port, shared }: UwsServerOptions,
): Promise<us_listen_socket> {
  return new Promise((resolve, reject) => {
    const done = (listener: us_listen_socket | false): void => {
      if (listener === false) {
        reject(new GatewayError("listen_failed", `cannot listen on ${host}:${port}; is the port taken?`));
      } else {
        resolve(listener);
      }
    };
    // Typed without the options between port and callback, which the addon takes: without the exclusive flag a
    // second process on the same port would silently share its connections.
    const bind = app.listen as unknown as (
      host: string,
      port: number,
      options: number,
      callback: typeof done,
    ) => void;
    bind.call(app, host, port, shared ? SHARED_PORT : EXCLUSIVE_PORT, done);
  });
}
