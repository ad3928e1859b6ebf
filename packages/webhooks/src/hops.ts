/** On NATS as `Tidegate-Hops`, in HTTP as `tidegate-hops`: how often a message has gone out as a webhook and come in again. */
export const HOPS_HEADER = "Tidegate-Hops";

/**
 * A delivery that has gone out so often is stored, but not published again. An endpoint may point, on whatever detour, at a source whose
 * channel it listens to; several of them multiply with each round, so there are few.
 */
export const MOST_HOPS = 3;

const NUMBER = /^\d{1,4}$/;

/** 0 for what is missing or no number. The header is not signed: who forges it can only make less happen, or as much as without it. */
export function readHops(value: string | undefined): number {
  return value !== undefined && NUMBER.test(value) ? Number(value) : 0;
}
