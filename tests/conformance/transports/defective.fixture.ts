import { isDeepStrictEqual } from "node:util";
import type { Arrival, OpenOptions, Position, Stream, Transport } from "./transport.ts";

/** A defect that the suite has to notice. */
export interface Defect {
  /** What to open instead. */
  readonly open?: (options: OpenOptions) => OpenOptions;
  /** What to give instead of an arrival, the `index`-th of its stream, from 0. */
  readonly give?: (arrival: Arrival, index: number) => readonly Arrival[];
  /** Gives the position before the last one. */
  readonly isPositionLate?: boolean;
}

/** A lost message should not cost the patience that a real one has. */
const PATIENCE_MS = 1_000;

/** The transport with a defect, as a broken gateway would look through it. */
export function defective(transport: Transport, defect: Defect): Transport {
  return {
    name: transport.name,
    open: async (options) =>
      new DefectiveStream(await transport.open(defect.open?.(options) ?? options), defect),
  };
}

class DefectiveStream implements Stream {
  readonly #stream: Stream;
  readonly #defect: Defect;
  readonly #given: Arrival[] = [];
  #count = 0;
  #position: Position;
  #before: Position;

  constructor(stream: Stream, defect: Defect) {
    this.#stream = stream;
    this.#defect = defect;
    this.#position = stream.position();
    this.#before = this.#position;
  }

  get isAtPosition(): boolean {
    return this.#stream.isAtPosition;
  }

  async next(timeoutMs = PATIENCE_MS): Promise<Arrival> {
    for (;;) {
      const given = this.#given.shift();
      if (given !== undefined) {
        return given;
      }
      const arrival = await this.#stream.next(Math.min(timeoutMs, PATIENCE_MS));
      this.#moved(this.#stream.position());
      this.#given.push(...(this.#defect.give?.(arrival, this.#count) ?? [arrival]));
      this.#count += 1;
    }
  }

  position(): Position {
    return this.#defect.isPositionLate === true ? this.#before : this.#stream.position();
  }

  #moved(position: Position): void {
    if (!isDeepStrictEqual(position, this.#position)) {
      this.#before = this.#position;
      this.#position = position;
    }
  }

  checkpoint(): Promise<string> {
    return this.#stream.checkpoint();
  }

  close(): Promise<void> {
    return this.#stream.close();
  }
}
