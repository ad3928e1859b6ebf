import { setTimeout as delay } from "node:timers/promises";
import { DEVELOPMENT_KEY, mintToken } from "@tidegate/auth";
import { ClientCrew } from "../../chaos/clients/client-crew.ts";
import type { ClientPlan } from "../../chaos/clients/subscriber.ts";
import { GRANTS } from "../stack/gateway-settings.ts";
import type { ObservedStack } from "../stack/observed-stack.ts";
import { ACTS } from "./acts.ts";
import { answerRequests, publishSteadily } from "./backend.ts";
import { lookAtEndpoints, openEndpoints } from "./endpoint-owners.ts";
import { sendHooks } from "./hook-senders.ts";
import { readSlowly } from "./slow-reader.ts";
import { talk, talkOverHttp } from "./talker.ts";

interface PlayedAct {
  readonly what: string;
  /** Since 1970. */
  readonly seconds: number;
}

export interface Played {
  readonly acts: readonly PlayedAct[];
  /** When it was over. Since 1970, in seconds. */
  readonly to: number;
}

export interface PlayOptions {
  readonly seconds: number;
  readonly clients: number;
  readonly signal: AbortSignal;
  readonly onProgress: (what: string) => void;
}

const TALKERS = 24;
const SLOW = 8;
const TRANSPORTS = [
  ...(["websocket", "websocket", "websocket", "websocket"] as const),
  ...(["sse", "sse", "poll", "short-poll"] as const),
];
const ROOMS = 8;
const PAIRS = 4;
const TOKEN_SECONDS = 86_400;

/** Lets clients, backends and third parties loose on a stack for some time, and meanwhile breaks one thing after the other. */
export async function play(stack: ObservedStack, options: PlayOptions): Promise<Played> {
  const { seconds, clients, onProgress } = options;
  const over = new AbortController();
  const signal = AbortSignal.any([over.signal, options.signal]);
  const { ports, backend, addresses } = stack;
  const [token, badToken] = [await tokenOf("ada"), await tokenOf("eve", -60)];
  const talker = { ports, token, badToken, signal };
  answerRequests(backend);
  const plans = await planClients(clients);
  const sink = await openEndpoints(addresses.api, token);
  const work = Promise.allSettled([
    publishSteadily(backend, signal),
    ...Array.from({ length: TALKERS }, () => talk(talker)),
    ...Array.from({ length: 2 }, () => talkOverHttp(talker)),
    ...(await slowReaders(stack, signal)),
    sendHooks(addresses.hooks, signal),
    lookAtEndpoints(addresses.api, [token, token, token, badToken], signal),
  ]);
  const played: PlayedAct[] = [];
  let crew: ClientCrew | undefined;
  try {
    crew = await ClientCrew.open(plans, ports, 1);
    const startedAt = performance.now();
    const until = (share: number): Promise<void> =>
      delay(Math.max(0, startedAt + share * seconds * 1000 - performance.now()), undefined, { signal });
    for (const { at, what, act } of ACTS) {
      await until(at);
      onProgress(what);
      played.push({ what, seconds: Date.now() / 1000 });
      await act(stack);
    }
    await until(1);
    return { acts: played, to: Math.floor(Date.now() / 1000) };
  } finally {
    over.abort();
    await crew?.close();
    for (const part of await work) {
      if (part.status === "rejected") onProgress(`a part of the load ended early: ${part.reason}`);
    }
    await sink[Symbol.asyncDispose]();
  }
}

async function tokenOf(sub: string, expiresInSeconds = TOKEN_SECONDS): Promise<string> {
  return await mintToken({ sub, grants: GRANTS, expiresInSeconds }, DEVELOPMENT_KEY);
}

/** Live channels and such with history apart: to resume, a client of several needs history on all of them. */
async function planClients(count: number): Promise<readonly ClientPlan[]> {
  return await Promise.all(
    Array.from({ length: count }, async (_, client): Promise<ClientPlan> => {
      const turn = Math.floor(client / TRANSPORTS.length);
      const transport = TRANSPORTS[client % TRANSPORTS.length] ?? "websocket";
      return {
        transport,
        channels: channelsOf(transport, turn),
        token: await tokenOf(`user-${client}`),
        node: turn,
      };
    }),
  );
}

function channelsOf(transport: ClientPlan["transport"], turn: number): readonly string[] {
  // Who polls asks again after each message; of many messages nothing else would be seen.
  if (transport === "poll" || transport === "short-poll") return ["chat.orders"];
  const room = `chat.room-${turn % ROOMS}`;
  const rooms = [[room], [room, `chat.room-${(turn + 1) % ROOMS}`]];
  // An event stream counts as served once it has a cursor, which live channels do not give.
  const choices = transport === "sse" ? rooms : [...rooms, [`quotes.pair-${turn % PAIRS}`], ["notes.*"]];
  return choices[turn % choices.length] ?? [room];
}

async function slowReaders({ ports }: ObservedStack, signal: AbortSignal): Promise<readonly Promise<void>[]> {
  return await Promise.all(
    Array.from({ length: SLOW }, async (_, reader) => ({
      port: ports[reader % ports.length] ?? 0,
      token: await tokenOf(`slow-${reader}`),
      channel: reader % 2 === 0 ? "media.film" : "catalog.articles",
      // One of four stalls longer than the gateways put up with.
      stallMs: reader % 4 > 1 ? 40_000 : 18_000,
      readMs: 4000 + 1500 * reader,
      signal,
    })),
  ).then((all) => all.map((one) => readSlowly(one)));
}
