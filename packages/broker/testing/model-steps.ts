import type { ModelWorld, WorldOptions } from "./model-world.ts";

type Step = (world: ModelWorld, pick: number) => void;

/** What may happen, and how often of all. */
type Weights = readonly (readonly [weight: number, step: Step])[];

/** The course of things. */
const EVERYDAY: Weights = [
  [20, (world, pick) => world.publish(pick)],
  [3, (world) => world.tick()],
  [4, (world) => world.start()],
  [24, (world) => world.deliver(0)],
  [4, (world) => world.deliverTick()],
  [20, (world, pick) => world.serve(pick)],
  [20, (world, pick) => world.arrive(pick)],
  [12, (world, pick) => world.fireWait(pick)],
  [8, (world, pick) => world.replicate(pick)],
  [4, (world) => world.mend()],
  [1, (world) => world.check()],
  [1, (world) => world.joinNow()],
  [3, (world, pick) => world.joinRecent(pick)],
  [1, (world, pick) => world.joinSince(pick)],
  [1, (world, pick) => world.joinLast(pick)],
  [3, (world) => world.fallBehind()],
  [6, (world, pick) => world.catchUp(pick)],
];

/** What every tail has to cope with without anybody noticing. */
const TROUBLES: Weights = [
  [2, (world, pick) => world.deliver(pick)],
  [2, (world, pick) => world.drop(pick)],
  [1, (world) => world.dropTick()],
  [1, (world, pick) => world.duplicate(pick)],
  [1, (world) => world.break()],
  [1, (world, pick) => world.changeLeader(pick)],
  [1, (world) => world.suspect()],
];

/** What may cost messages, or make reading fail. */
const DISASTERS: Weights = [
  [3, (world, pick) => world.expire(pick)],
  [2, (world, pick) => world.failRead(pick)],
  [1, (world, pick) => world.joinFuture(pick)],
  [1, (world) => world.joinForeign()],
];

/** After which little is as it was. */
const CATASTROPHES: Weights = [
  [1, (world) => world.purge()],
  [1, (world) => world.recreate()],
  [1, (world, pick) => world.lose(pick)],
];

function table(...parts: readonly (readonly [times: number, weights: Weights])[]): readonly Step[] {
  return parts.flatMap(([times, weights]) =>
    weights.flatMap(([weight, step]) => Array.from({ length: weight * times }, () => step)),
  );
}

const CALM = table([2, EVERYDAY], [1, TROUBLES]);
/** From now and then to all the time. */
const WILD: readonly (readonly Step[])[] = [
  table([16, EVERYDAY], [4, TROUBLES], [2, DISASTERS], [1, CATASTROPHES]),
  table([10, EVERYDAY], [6, TROUBLES], [4, DISASTERS], [1, CATASTROPHES]),
  table([4, EVERYDAY], [4, TROUBLES], [4, DISASTERS], [1, CATASTROPHES]),
];

/** Steps are drawn from this many numbers. */
export const STEP_RANGE = 0xffffff;

/** One step of the adversary. The numbers say which and how; `which` is that of the surroundings. */
export function takeStep(world: ModelWorld, number: number, which: number, calm: boolean): void {
  const steps = (calm ? undefined : WILD[which % WILD.length]) ?? CALM;
  steps[number % steps.length]?.(world, Math.floor(number / steps.length));
}

const SMALL = { batchBytes: 1_000_000, replayBytes: 1_000_000, heldBytes: 1_000_000 };
const TIGHT = { ...SMALL, heldMessages: 6, replayMessages: 12, batchMessages: 3, reachBack: 4 };
const WIDE = { ...SMALL, heldMessages: 1_000, replayMessages: 1_000, batchMessages: 3, reachBack: 16 };

const FILTERS = ["chat.a", "chat.a", "chat.*", "chat.*.x", "chat.>"];
const RING_BYTES = [0, 1_000, 2_500, 1_000_000];

/** The surroundings, drawn from a number too. */
export function worldOptions(number: number, calm: boolean): WorldOptions {
  return {
    filter: FILTERS[number % FILTERS.length] ?? "chat.a",
    messagesPerChannel: !calm && Math.floor(number / 3) % 3 === 0 ? 4 : Number.POSITIVE_INFINITY,
    manyChannels: number % 4 === 0,
    ringBytes: RING_BYTES[Math.floor(number / 5) % RING_BYTES.length] ?? 0,
    limits: !calm && Math.floor(number / 20) % 2 === 0 ? TIGHT : WIDE,
  };
}
