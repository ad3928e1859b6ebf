// The floor that a gateway is measured against: uWebSockets.js and NATS with nothing but a loop between them. It sends the
// frames of a gateway, flushed once per turn of the event loop: one cork for each client, or one frame of joined
// messages for those that asked for it. On `/sse` it writes events, one corked write for all of a turn.

import { EventStreams } from "./event-streams.ts";
import { frameOf, runContender } from "./run-contender.ts";
import { listen, type UwsClient, uwsApp } from "./uws-app.ts";

/** Clients of the channel of everybody. */
const plain: UwsClient[] = [];
const batching: UwsClient[] = [];
const byOwn = new Map<string, UwsClient>();
const streams = new EventStreams();

let sharedFrames: string[] = [];
let ownFrames: (readonly [client: UwsClient, frame: Buffer])[] = [];
let scheduled = false;

function flush(): void {
  scheduled = false;
  streams.flush();
  const frames = sharedFrames;
  sharedFrames = [];
  if (frames.length > 0) {
    flushShared(frames);
  }
  const own = ownFrames;
  ownFrames = [];
  for (const [client, frame] of own) {
    client.send(frame, false, false);
  }
}

function flushShared(frames: readonly string[]): void {
  if (batching.length > 0) {
    const joined = Buffer.from(frames.join("\n"));
    for (const client of batching) {
      client.send(joined, false, false);
    }
  }
  if (plain.length === 0) {
    return;
  }
  const [only, ...more] = frames.map((frame) => Buffer.from(frame));
  if (only !== undefined && more.length === 0) {
    for (const client of plain) {
      client.send(only, false, false);
    }
  } else if (only !== undefined) {
    for (const client of plain) {
      client.cork(() => {
        client.send(only, false, false);
        for (const frame of more) {
          client.send(frame, false, false);
        }
      });
    }
  }
}

function schedule(): void {
  if (!scheduled) {
    scheduled = true;
    setImmediate(flush);
  }
}

function listOf(client: UwsClient): UwsClient[] {
  return client.getUserData().batch ? batching : plain;
}

const app = uwsApp({
  onOpen: (client) => {
    const data = client.getUserData();
    if (data.own === "") {
      data.index = listOf(client).push(client) - 1;
    } else {
      byOwn.set(data.own, client);
    }
  },
  onClose: (client) => {
    const { own, index } = client.getUserData();
    if (own !== "") {
      byOwn.delete(own);
      return;
    }
    const list = listOf(client);
    const last = list.pop();
    if (last !== undefined && last !== client) {
      list[index] = last;
      last.getUserData().index = index;
    }
  },
});

streams.serve(app, "/sse");

await runContender({
  listen: () => listen(app),
  toAll: (message) => {
    if (plain.length + batching.length > 0) {
      sharedFrames.push(frameOf(message));
    }
    streams.add(message.payload);
    schedule();
  },
  toOne: (name, message) => {
    const client = byOwn.get(name);
    if (client !== undefined) {
      ownFrames.push([client, Buffer.from(frameOf(message))]);
      schedule();
    }
  },
  close: () => app.close(),
});
