import type { ExitStatus, SupervisedProcess } from "./supervise.ts";

/**
 * Asks a process to end and, if it has not within the grace period, ends it. The second signal makes a stopped
 * process see the first; to a running one it means nothing.
 */
export async function endProcess(
  process: SupervisedProcess,
  signal: NodeJS.Signals,
  graceMs: number,
): Promise<ExitStatus> {
  process.signal(signal);
  process.signal("SIGCONT");
  // This timer also keeps the event loop alive for processes that do not.
  const timer = setTimeout(() => process.signal("SIGKILL"), graceMs);
  try {
    return await process.exited;
  } finally {
    clearTimeout(timer);
  }
}
