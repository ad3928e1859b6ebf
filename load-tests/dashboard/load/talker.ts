import { WebSocket } from "ws";
import { choose } from "./chance.ts";
import { pause } from "./pause.ts";

export interface TalkerOptions {
  readonly ports: readonly number[];
  readonly token: string;
  /** Of another user, and such. */
  readonly badToken: string;
  readonly signal: AbortSignal;
}

const ROOMS = 8;
const OLD_ROOM = "chat.room-1";
const PAUSE_MS = 300;
const AWAY_MS = 1000;
const CONNECT_LIMIT_MS = 5000;

/** What a client may say, and how often in comparison. Some of it is refused. */
const SAYINGS: readonly (readonly [number, (since: string) => Readonly<Record<string, unknown>>])[] = [
  [40, () => ({ type: "publish", channel: room(), data: { text: "Hello" } })],
  [20, () => ({ type: "publish", channel: "notes.all", data: { text: "Look here" } })],
  [6, () => ({ type: "publish", channel: room(), data: { text: "Again" }, key: `key-${dice(20)}` })],
  [3, () => ({ type: "publish", channel: "media.film", data: {} })],
  [20, () => ({ type: "request", method: "shop.price", data: { article: dice(100) } })],
  [2, () => ({ type: "request", method: "shop.slow", data: {} })],
  [2, () => ({ type: "request", method: "shop.refuse", data: {} })],
  [2, () => ({ type: "request", method: "shop.nobody.there", data: {} })],
  [2, () => ({ type: "request", method: "staff.price", data: {} })],
  [6, () => ({ type: "history", channel: room(), limit: 20 })],
  [1, () => ({ type: "history", channel: "notes.all" })],
  [2, (since) => ({ type: "subscribe", channel: OLD_ROOM, since })],
  [1, () => ({ type: "subscribe", channel: "secret.room" })],
  [1, () => ({ type: "nonsense" })],
];

/** A client that talks more than it listens, comes and goes, and at times brings a token that is no good. */
export async function talk({ ports, token, badToken, signal }: TalkerOptions): Promise<void> {
  // As old as the run, so that in the end it lies too far behind to be replayed.
  const since = await firstCursor(ports[0] ?? 0, token);
  while (!signal.aborted) {
    const isGood = Math.random() > 0.03;
    const port = ports[dice(ports.length)];
    const socket = new WebSocket(`ws://127.0.0.1:${port}/v1/ws`, ["tidegate.v1"], {
      headers: { authorization: `Bearer ${isGood ? token : badToken}` },
      handshakeTimeout: CONNECT_LIMIT_MS,
    });
    // How it ended is for the other side to count.
    socket.on("error", () => {});
    await new Promise((resolve) => {
      socket.once("open", resolve);
      socket.once("close", resolve);
    });
    const visit = 40 + dice(200);
    for (let id = 1; id < visit && socket.readyState === WebSocket.OPEN && !signal.aborted; id += 1) {
      const message = id === 1 ? { type: "subscribe", channel: "notes.all" } : choose(SAYINGS)?.(since);
      socket.send(JSON.stringify({ ...message, id }));
      await pause(PAUSE_MS * (0.5 + Math.random()), signal);
    }
    if (Math.random() < 0.3) socket.terminate();
    else socket.close();
    await pause(AWAY_MS * Math.random(), signal);
  }
}

/** The same things over HTTP, one after the other. */
export async function talkOverHttp({ ports, token, badToken, signal }: TalkerOptions): Promise<void> {
  const calls: readonly (readonly [number, string, object | undefined])[] = [
    [10, "/v1/publish", { channel: "notes.all", data: 1 }],
    [10, "/v1/request", { method: "shop.price", data: {} }],
    [8, "/v1/history/chat.room-1?limit=10", undefined],
    [2, "/v1/publish", { channel: "media.film", data: 1 }],
    [1, "/v1/nothing", undefined],
  ];
  while (!signal.aborted) {
    const [path, body] = choose(calls.map(([weight, ...call]) => [weight, call] as const)) ?? ["/"];
    const bearer = Math.random() > 0.05 ? token : badToken;
    try {
      const response = await fetch(`http://127.0.0.1:${ports[dice(ports.length)]}${path}`, {
        method: body === undefined ? "GET" : "POST",
        headers: { authorization: `Bearer ${bearer}`, "content-type": "application/json" },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        signal: AbortSignal.timeout(CONNECT_LIMIT_MS),
      });
      await response.arrayBuffer();
    } catch {
      // A gateway that is down; the next call goes to another.
    }
    await pause(PAUSE_MS, signal);
  }
}

async function firstCursor(port: number, token: string): Promise<string> {
  const address = `http://127.0.0.1:${port}/v1/poll?channels=${OLD_ROOM}&timeout=0`;
  const response = await fetch(address, { headers: { authorization: `Bearer ${token}` } });
  return ((await response.json()) as { readonly cursor: string }).cursor;
}

function room(): string {
  return `chat.room-${dice(ROOMS)}`;
}

function dice(sides: number): number {
  return Math.floor(Math.random() * sides);
}
