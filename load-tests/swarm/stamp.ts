const MARK = '"stamp":"';
const MARK_BYTES = Buffer.from(MARK);
const SEQUENCE_DIGITS = 10;
const TIME_DIGITS = 16;
const ZERO = 0x30;
const NINE = 0x39;

/** Bytes of the shortest payload that {@link stampedPayload} can make. */
export const MIN_STAMPED_BYTES = Buffer.byteLength(stampText(0, 0, ""));

/** Microseconds of a clock that all processes of the machine share, from its start. */
export function nowMicros(): number {
  return Math.floor(Number(process.hrtime.bigint()) / 1000);
}

/**
 * A JSON payload of exactly `bytes` bytes that says which of its channel's messages it is and when it was published.
 * The digits are of fixed width, so that all messages of a run are equally long and reading them needs no parser.
 *
 * @throws TypeError if `bytes` is below {@link MIN_STAMPED_BYTES}.
 */
export function stampedPayload(sequence: number, micros: number, bytes: number): string {
  if (bytes < MIN_STAMPED_BYTES) {
    throw new TypeError(`bytes: expected at least ${MIN_STAMPED_BYTES}, got ${bytes}`);
  }
  return stampText(sequence, micros, "x".repeat(bytes - MIN_STAMPED_BYTES));
}

function stampText(sequence: number, micros: number, filling: string): string {
  const digits = `${String(sequence).padStart(SEQUENCE_DIGITS, "0")}.${String(micros).padStart(TIME_DIGITS, "0")}`;
  return `{${MARK}${digits}","filling":"${filling}"}`;
}

/** Finds the stamp in a frame, whatever stands around it. Holds the result, so that reading allocates nothing. */
export class StampReader {
  sequence = 0;
  /** When it was published, in {@link nowMicros} of the publisher. */
  micros = 0;

  /** False if the frame carries no stamp. */
  read(bytes: Buffer, start: number, end: number): boolean {
    const mark = bytes.indexOf(MARK_BYTES, start);
    const sequenceAt = mark + MARK_BYTES.length;
    const timeAt = sequenceAt + SEQUENCE_DIGITS + 1;
    // The search may have run on into the bytes behind the frame.
    if (mark === -1 || timeAt + TIME_DIGITS > end) {
      return false;
    }
    this.sequence = readDigits(bytes, sequenceAt, SEQUENCE_DIGITS);
    this.micros = readDigits(bytes, timeAt, TIME_DIGITS);
    return !Number.isNaN(this.sequence + this.micros);
  }
}

function readDigits(bytes: Buffer, start: number, count: number): number {
  let value = 0;
  for (let index = start; index < start + count; index += 1) {
    const code = bytes[index] ?? 0;
    if (code < ZERO || code > NINE) {
      return Number.NaN;
    }
    value = value * 10 + (code - ZERO);
  }
  return value;
}
