/** How soon another process gets what one had that has fallen silent. Whoever is alive says so four times as often. */
export interface TakeoverTimes {
  /** For the tasks that it held. */
  readonly tasksMs: number;
  /** For the streams that it turned into tasks. */
  readonly streamsMs: number;
}

/**
 * What all processes have to have alike: the first of them is part of the consumers, which the process that started last sets for all. A
 * version may change it by less than the factor of `renewalMs`: the other one still renews in time while both run.
 */
export const TAKEOVER_TIMES: TakeoverTimes = { tasksMs: 30_000, streamsMs: 8_000 };

/** The pause between two signs of life. */
export const renewalMs = (takeoverMs: number): number => takeoverMs / 4;
