// Loaded into a server by `--import`, with `--expose-gc`: lets the bench have garbage collected from outside, so that what
// remains is what connections hold.

const { gc } = globalThis;
let collections = 0;

process.on("SIGUSR2", () => {
  // Also gives back what the young generation has grown to.
  gc?.({ type: "major", execution: "sync", flavor: "last-resort" });
  collections += 1;
  process.stdout.write(`collected garbage ${collections}\n`);
});
