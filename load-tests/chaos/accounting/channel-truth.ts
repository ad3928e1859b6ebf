/** What the stream holds of one channel since the round began: what every subscriber has to have got. */
export interface ChannelTruth {
  readonly channel: string;
  /** Numbers that the publisher gave the messages, in the order of the stream. Each once. */
  readonly numbers: readonly number[];
  /** Sequences in the stream, rising. */
  readonly sequences: readonly number[];
}
