/** Moves the clock of a node that has `shifted-clock.ts` to the next of its offsets. */
export const MOVE_SIGNAL = "SIGUSR2";

/** What such a node then prints, with the offset behind it. */
export const MOVED = "the clock is ahead by";
