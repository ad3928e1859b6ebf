import type { ActResult, Departure } from "./act-result.ts";

type Observed = Pick<ActResult, "moments" | "times">;

/** How long after a node has ended its last clients may come: as long as they are told to wait, and a second for the connecting. */
const LATECOMER_SECONDS = 3;

/** Clients that came back in each second since the act began, those of no clients included. */
export function reconnectsPerSecond({ moments, times }: Observed): readonly (readonly [number, number])[] {
  const first = Math.floor(times.beganMicros / 1e6);
  const last = Math.floor(times.endedMicros / 1e6);
  const returned = new Map(moments.map((moment) => [moment.second, moment.returned]));
  return Array.from({ length: last - first + 1 }, (_, index) => [index, returned.get(first + index) ?? 0]);
}

/** Clients a second that a node is to send away when it leaves. */
function pacedRate({ connections, windowSeconds }: Departure): number {
  return connections / windowSeconds;
}

/** Second by second, clients that the node that was leaving then, or had just left, was to send away; 0 while none was. */
export function pacedPerSecond(
  departures: readonly Departure[],
  observed: Observed,
): readonly (readonly [number, number])[] {
  const began = Math.floor(observed.times.beganMicros / 1e6);
  return reconnectsPerSecond(observed).map(([index]) => {
    // Where the latecomers of one meet the first of the next, these are more.
    const departure = departures.findLast((one) => isMeanwhile(began + index, one));
    return [index, departure === undefined ? 0 : pacedRate(departure)];
  });
}

/** The most clients that came back in a second, in times the paced rate of then. NaN if none left. */
export function worstPace(departures: readonly Departure[], observed: Observed): number {
  const reconnects = new Map(reconnectsPerSecond(observed));
  const paces = pacedPerSecond(departures, observed).flatMap(([index, rate]) =>
    rate === 0 ? [] : [(reconnects.get(index) ?? 0) / rate],
  );
  return paces.length === 0 ? Number.NaN : Math.max(...paces);
}

function isMeanwhile(second: number, { fromMicros, untilMicros }: Departure): boolean {
  return (
    second >= Math.floor(fromMicros / 1e6) && second <= Math.floor(untilMicros / 1e6) + LATECOMER_SECONDS
  );
}
