const SECONDS_WIDTH = 4;

/** Says on standard error what is being done, and how many seconds after this was called. */
export function startProgress(): (what: string) => void {
  const startedAt = performance.now();
  return (what) => {
    const seconds = ((performance.now() - startedAt) / 1000).toFixed(0).padStart(SECONDS_WIDTH);
    process.stderr.write(`${seconds} s  ${what}\n`);
  };
}
