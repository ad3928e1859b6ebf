import type { Line } from "./line.ts";

/** What is written down of a seat. */
export interface Row {
  due: number;
  readonly line: Line | undefined;
}

/**
 * What a walk needs of seats, in rows: reading two arrays takes little, where at a low rate each object that a delivery touches is fetched from
 * memory, and costs as much as a tenth of a send. While there are rows, `due` of the seats themselves says nothing.
 */
export class SeatRows {
  readonly dues: number[];
  readonly lines: (Line | undefined)[];

  /** @param seats each with the index that it has here. */
  constructor(seats: readonly Row[]) {
    this.dues = seats.map(({ due }) => due);
    this.lines = seats.map(({ line }) => line);
  }

  add(due: number, line: Line | undefined): void {
    this.dues.push(due);
    this.lines.push(line);
  }

  /** The last takes its place. */
  remove(index: number): void {
    const due = this.dues.pop();
    const line = this.lines.pop();
    if (due !== undefined && index < this.dues.length) {
      this.dues[index] = due;
      this.lines[index] = line;
    }
  }

  /** Ends the rows: the seats know by themselves again. */
  returnTo(seats: readonly Row[]): void {
    for (const [index, seat] of seats.entries()) {
      seat.due = this.dues[index] ?? seat.due;
    }
  }
}
