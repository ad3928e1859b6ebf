import {
  App,
  type TemplatedApp,
  type us_listen_socket,
  us_socket_local_port,
  type WebSocket,
} from "uWebSockets.js";

/** What uWebSockets.js holds for one client. */
export interface ClientData {
  /** The name of the channel it has for itself; empty: it wants that of everybody. */
  readonly own: string;
  /** It wants the messages of a turn of the event loop joined in one frame. */
  readonly batch: boolean;
  /** Its place in the server's list. */
  index: number;
}

export type UwsClient = WebSocket<ClientData>;

export interface UwsEvents {
  readonly onOpen: (client: UwsClient) => void;
  readonly onClose: (client: UwsClient) => void;
}

/** As much as a gateway lets wait for one client. */
const MAX_BACKPRESSURE_BYTES = 1024 * 1024;

/** An app that takes every upgrade and nothing else. */
export function uwsApp({ onOpen, onClose }: UwsEvents): TemplatedApp {
  return App().ws<ClientData>("/*", {
    compression: 0,
    maxBackpressure: MAX_BACKPRESSURE_BYTES,
    idleTimeout: 0,
    sendPingsAutomatically: false,
    upgrade: (response, request, context) => {
      const data: ClientData = {
        own: request.getQuery("own") ?? "",
        batch: request.getQuery("batch") !== undefined,
        index: -1,
      };
      response.upgrade(data, request.getHeader("sec-websocket-key"), "", "", context);
    },
    open: onOpen,
    close: onClose,
  });
}

export function listen(app: TemplatedApp): Promise<number> {
  return new Promise((resolve, reject) => {
    app.listen("127.0.0.1", 0, (listener: us_listen_socket | false) => {
      if (listener === false) {
        reject(new Error("uWebSockets.js cannot listen"));
      } else {
        resolve(us_socket_local_port(listener));
      }
    });
  });
}
