/** Environment variables as a program sees them: absent names read as `undefined`. */
export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * A frozen snapshot of the environment variables of this process, taken when called.
 *
 * Nothing else in the repository reads them: everyone receives this value, or a part of it, as an
 * argument, so a test decides what a program sees and nothing changes under a running service.
 */
export function readEnvironment(): Environment {
  // No prototype: a lookup of "constructor" or "toString" finds only what was really set.
  const snapshot: Record<string, string | undefined> = Object.create(null);
  return Object.freeze(Object.assign(snapshot, process.env));
}
