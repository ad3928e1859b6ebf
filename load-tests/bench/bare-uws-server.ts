// The floor that a gateway is measured against: uWebSockets.js and NATS with nothing but a loop between them. It takes every
// upgrade and sends the same frames as a gateway, flushed once per turn of the event loop: those of the channel
// given first to everybody, those of the channels below the second to the one client that asked with `?own=<last token>`.

import { App, type us_listen_socket, us_socket_local_port, type WebSocket } from "uWebSockets.js";
import { messageFrame } from "@tidegate/protocol";
import { createMetrics, Readiness, startOperationsServer } from "@tidegate/runtime";
import { connectPlainNats } from "@tidegate/testkit";

interface ClientData {
  readonly own: string;
  /** Its place in the loop. */
  index: number;
}

type Client = WebSocket<ClientData>;

const [natsUrl = "", prefix = "", sharedChannel = "", ownChannels = ""] = process.argv.slice(2);

const everybody: Client[] = [];
const byOwn = new Map<string, Client>();

let sharedFrames: Buffer[] = [];
let ownFrames: (readonly [client: Client, frame: Buffer])[] = [];
let scheduled = false;

function flush(): void {
  scheduled = false;
  const [only, ...more] = sharedFrames;
  const frames = sharedFrames;
  sharedFrames = [];
  if (only !== undefined && more.length === 0) {
    for (const client of everybody) {
      client.send(only, false, false);
    }
  } else if (only !== undefined) {
    for (const client of everybody) {
      client.cork(() => {
        for (const frame of frames) {
          client.send(frame, false, false);
        }
      });
    }
  }
  const own = ownFrames;
  ownFrames = [];
  for (const [client, frame] of own) {
    client.send(frame, false, false);
  }
}

function schedule(): void {
  if (!scheduled) {
    scheduled = true;
    setImmediate(flush);
  }
}

function encode(channel: string, payload: string): Buffer {
  const head = { channel, event: undefined, from: undefined, cursor: undefined, time: Date.now() };
  return Buffer.from(messageFrame(head, { json: payload, encoding: undefined }));
}

const { exposition, close: closeMetrics } = createMetrics({}, { process: true });
const operations = await startOperationsServer({
  host: "127.0.0.1",
  port: 0,
  metrics: exposition,
  readiness: new Readiness(["listening"]),
});

const nats = await connectPlainNats(natsUrl);
nats.subscribe(`${prefix}.${sharedChannel}`, {
  callback: (_error, message) => {
    sharedFrames.push(encode(sharedChannel, message.string()));
    schedule();
  },
});
nats.subscribe(`${prefix}.${ownChannels}.*`, {
  callback: (_error, message) => {
    const { subject } = message;
    const client = byOwn.get(subject.slice(subject.lastIndexOf(".") + 1));
    if (client !== undefined) {
      ownFrames.push([client, encode(subject.slice(prefix.length + 1), message.string())]);
      schedule();
    }
  },
});

const app = App();
app.ws<ClientData>("/*", {
  compression: 0,
  maxBackpressure: 16 * 1024 * 1024,
  idleTimeout: 0,
  sendPingsAutomatically: false,
  upgrade: (response, request, context) => {
    const data: ClientData = { own: request.getQuery("own") ?? "", index: -1 };
    response.upgrade(data, request.getHeader("sec-websocket-key"), "", "", context);
  },
  open: (client) => {
    const data = client.getUserData();
    data.index = everybody.push(client) - 1;
    if (data.own !== "") {
      byOwn.set(data.own, client);
    }
  },
  close: (client) => {
    const { own, index } = client.getUserData();
    const last = everybody.pop();
    if (last !== undefined && last !== client) {
      everybody[index] = last;
      last.getUserData().index = index;
    }
    byOwn.delete(own);
  },
});
app.listen("127.0.0.1", 0, (listener: us_listen_socket | false) => {
  const port = listener === false ? 0 : us_socket_local_port(listener);
  process.stdout.write(`${JSON.stringify({ msg: "listening", port, operationsPort: operations.port })}\n`);
});

process.once("SIGTERM", () => {
  app.close();
  closeMetrics();
  void Promise.all([operations.close(), nats.close()]);
});
