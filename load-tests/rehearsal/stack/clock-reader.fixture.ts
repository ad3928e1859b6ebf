// Says what date it is: at the start, and each time that it is told that the clock was moved.

import { MOVE_SIGNAL } from "./clock-text.ts";

const names = ["start", "ahead", "right"];

function say(): void {
  const reading = {
    at: names.shift(),
    now: Date.now(),
    made: Date.parse(new Date().toISOString()),
    said: Date.parse(Date()),
    given: new Date(5).getTime(),
    isDate: new Date() instanceof Date,
  };
  process.stdout.write(`${JSON.stringify(reading)}\n`);
}

say();
// Behind the listener that moves the clock: listeners are called in the order in which they came.
process.on(MOVE_SIGNAL, say);
setInterval(() => {}, 60_000);
