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
import type { Gateway } from "../gateway.ts";
import { GatewayError } from "../gateway-error.ts";
import type { CloseCause } from "../instruments.ts";
import { readHandshake } from "./read-handshake.ts";
import { chooseSubprotocol, SUBPROTOCOL_HELP } from "./subprotocol.ts";
import { type SocketData, UwsSocket } from "./uws-socket.ts";

export interface UwsServerOptions {
  readonly host: string;
  /** 0 takes a free port. */
  readonly port: number;
  readonly gateway: Gateway;
  readonly logger: Logger;
  readonly frameBytes: number;
  readonly unauthenticatedBytes: number;
  readonly outboxBytes: number;
  readonly forwardedHops: number;
}

export interface UwsServer {
  /** The port that was bound. */
  readonly port: number;
  /** Stops accepting; open connections stay. Idempotent. */
  stopAccepting(): void;
  /** Stops accepting and ends what is left. */
  close(): void;
}

const EXCLUSIVE_PORT = 1;
/** Frames up to this factor over the limit get our close code; beyond it uWebSockets.js cuts the connection (1006). */
const FRAME_SLACK = 4;
/**
 * A socket that does not take our close frame is cut after this. The gateway's own pings find dead clients sooner;
 * uWebSockets.js takes 8 to 960 s.
 */
const IDLE_SECONDS = 120;

/** @throws GatewayError `listen_failed` if the address cannot be taken. */
export async function startUwsServer(options: UwsServerOptions): Promise<UwsServer> {
  const { gateway, logger } = options;
  const app = App();
  // An exception must never unwind through a native callback: that ends the process.
  const guard = (name: string, run: () => void): void => {
    try {
      run();
    } catch (error) {
      logger.error({ err: error, handler: name }, "a transport handler failed");
    }
  };
  app.ws<SocketData>("/v1/ws", {
    // Compression is off unless asked for; the constant DISABLED has no value in these types.
    compression: 0,
    maxPayloadLength: FRAME_SLACK * Math.max(options.frameBytes, options.unauthenticatedBytes),
    // Above what the outbox lets in, so that uWebSockets.js never drops a frame by itself.
    maxBackpressure: 4 * options.outboxBytes + FRAME_SLACK * options.frameBytes,
    closeOnBackpressureLimit: false,
    idleTimeout: IDLE_SECONDS,
    sendPingsAutomatically: false,
    maxLifetime: 0,
    upgrade: (response, request, context) => {
      guard("upgrade", () => upgrade(response, request, context, options.forwardedHops));
    },
    open: (native) => {
      guard("open", () => open(native, gateway));
    },
    message: (native, data, binary) => {
      guard("message", () => native.getUserData().connection?.receive(data, binary));
    },
    pong: (native) => {
      guard("pong", () => native.getUserData().connection?.heard());
    },
    drain: (native) => {
      guard("drain", () => native.getUserData().connection?.writable());
    },
    close: (native, code, reason) => {
      guard("close", () => {
        const data = native.getUserData();
        data.socket?.detach();
        data.connection?.closed(causeOf(code, Buffer.from(reason).toString("latin1")));
      });
    },
  });
  app.any("/v1/ws", (response) => {
    const problem = { title: "this address speaks WebSocket", status: 426 };
    refuse(response, "426 Upgrade Required", problem);
  });
  app.any("/*", (response) => {
    refuse(response, "404 Not Found", { title: "no such resource", status: 404 });
  });
  const listener = await listen(app, options.host, options.port);
  let accepting = true;
  const stopAccepting = (): void => {
    if (accepting) {
      accepting = false;
      us_listen_socket_close(listener);
    }
  };
  return {
    port: us_socket_local_port(listener),
    stopAccepting,
    close: () => {
      stopAccepting();
      app.close();
    },
  };
}

function upgrade(
  response: HttpResponse,
  request: HttpRequest,
  context: us_socket_context_t,
  forwardedHops: number,
): void {
  const subprotocol = chooseSubprotocol(request.getHeader("sec-websocket-protocol"));
  if (subprotocol === undefined) {
    refuse(response, "400 Bad Request", {
      title: "no common subprotocol",
      status: 400,
      detail: SUBPROTOCOL_HELP,
    });
    return;
  }
  const data: SocketData = {
    handshake: readHandshake(response, request, forwardedHops),
    socket: undefined,
    connection: undefined,
  };
  response.upgrade(data, request.getHeader("sec-websocket-key"), subprotocol, "", context);
}

function open(native: WebSocket<SocketData>, gateway: Gateway): void {
  const data = native.getUserData();
  const { handshake } = data;
  // It holds credentials and is needed no more.
  data.handshake = undefined;
  if (handshake !== undefined) {
    data.socket = new UwsSocket(native);
    data.connection = gateway.accept(data.socket, handshake);
  }
}

/** uWebSockets.js reports frames that break RFC 6455 as 1006 with one of these reasons. */
function causeOf(code: number, reason: string): CloseCause {
  if (code !== 1006) {
    return "client";
  }
  return reason === "" || reason.includes("TCP FIN") || reason.includes("timed out")
    ? "abnormal"
    : "protocol_violation";
}

function refuse(response: HttpResponse, status: string, problem: object): void {
  response.cork(() => {
    response
      .writeStatus(status)
      .writeHeader("content-type", "application/problem+json")
      .end(JSON.stringify(problem), true);
  });
}

function listen(app: ReturnType<typeof App>, host: string, port: number): Promise<us_listen_socket> {
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
    bind.call(app, host, port, EXCLUSIVE_PORT, done);
  });
}
