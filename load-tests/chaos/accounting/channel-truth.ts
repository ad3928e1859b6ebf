/** What the stream holds of one channel since the round began: what every subscriber has to have got. */
export interface ChannelTruth {
  readonly channel: string;
  /** Numbers that the publisher gave the messages, in the order of the stream. Each once. */
  readonly numbers: readonly number[];
  /** Sequences in the stream, rising. */
  readonly sequences: readonly number[];
}

/**
 * Leaves out what belongs to earlier rounds. A server that was frozen and still takes itself for the leader says that a stream ends where it
 * ended for it, so what was read behind that may be more than the round's.
 *
 * @param firstNumber the first number that was given in this round.
 */
export function ofRound({ channel, numbers, sequences }: ChannelTruth, firstNumber: number): ChannelTruth {
  return {
    channel,
    numbers: numbers.filter((number) => number >= firstNumber),
    sequences: sequences.filter((_, rank) => (numbers[rank] ?? 0) >= firstNumber),
  };
}
