/**
 * The decisions on which the promise of a tail rests, apart from what surrounds them, so that tests can break each one and see
 * that it is missed.
 */
export interface TailRules {
  /**
   * Whether messages are missing before one whose predecessor is `last`, when everything up to `known` has been delivered.
   * Less proves nothing: the predecessor may be gone from the stream.
   */
  isGap(last: number, known: number): boolean;
  /** Whether what lies behind a gap waits until the gap is filled. */
  readonly holdsBack: boolean;
  /** Whether a replica that has nothing more proves that there is nothing more. */
  readonly trustsAbsence: boolean;
}

export const TAIL_RULES: TailRules = {
  isGap: (last, known) => last > known,
  holdsBack: true,
  trustsAbsence: false,
};
