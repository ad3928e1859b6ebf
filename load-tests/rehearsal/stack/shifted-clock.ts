// Loaded into a node before everything else, by `--import`: a clock that jumps when the node is told to, to one of the
// offsets in this module's address after the other. What is moved is the date: `Date.now()`, `new Date()` and `Date()`, hence
// lifetimes of tokens, the gateway's deadlines and times in messages. Timers, `performance.now()` and what is not
// JavaScript, uWebSockets.js above all, go by clocks that do not jump on a real machine either. The kernel's own
// clock stays right, so the date that the kernel writes on files is not moved.

import { MOVE_SIGNAL, MOVED } from "./clock-text.ts";

const offsetsMs = (new URL(import.meta.url).searchParams.get("offsets") ?? "").split(",").map(Number);
const rightNow = Date.now;
let offsetMs = 0;

const now = (): number => rightNow() + offsetMs;

globalThis.Date = new Proxy(Date, {
  construct: (target, values, newTarget) =>
    Reflect.construct(target, values.length === 0 ? [now()] : values, newTarget),
  apply: () => new Date(now()).toString(),
});
globalThis.Date.now = now;

process.on(MOVE_SIGNAL, () => {
  offsetMs = offsetsMs.shift() ?? 0;
  process.stderr.write(`${MOVED} ${offsetMs} ms\n`);
});
