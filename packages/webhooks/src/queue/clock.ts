/** Milliseconds since the epoch. Given to everything that decides by time, so that tests decide what time it is. */
export type Clock = () => number;
