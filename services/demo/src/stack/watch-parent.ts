const POLL_MS = 500;

/**
 * Calls `onGone` once when the process that started this one is gone. For stacks run by npm: whoever kills npm
 * with SIGKILL means the stack, which would otherwise never hear of it and keep its ports.
 */
export function watchParent(onGone: () => void, parent: () => number = () => process.ppid): void {
  const first = parent();
  const timer = setInterval(() => {
    if (parent() !== first) {
      clearInterval(timer);
      onGone();
    }
  }, POLL_MS);
  timer.unref();
}
