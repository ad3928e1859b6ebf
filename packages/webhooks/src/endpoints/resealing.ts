import { setTimeout as delay } from "node:timers/promises";
import type { EndpointDirectory } from "./endpoint-directory.ts";
import type { EndpointSeal } from "./endpoint-seal.ts";
import type { EndpointStore } from "./endpoint-store.ts";

export interface ResealingParts {
  readonly store: EndpointStore;
  readonly directory: EndpointDirectory;
  readonly seal: EndpointSeal;
  readonly onTrouble: (error: unknown) => void;
}

const REPEAT_MS = 5_000;

/**
 * Stores every endpoint anew that is stored in the clear or under an older key, until there is none: then that key is needed no more.
 * Several processes may do it at once.
 *
 * @returns how many this one has stored. Never rejects.
 */
export async function resealAll(parts: ResealingParts, signal: AbortSignal): Promise<number> {
  const { store, directory, seal, onTrouble } = parts;
  let count = 0;
  while (!signal.aborted) {
    const outdated = directory.all.filter(({ sealing }) => seal.isOutdated(sealing));
    if (outdated.length === 0) break;
    try {
      for (const { endpoint } of outdated) {
        if (signal.aborted) break;
        // What somebody else has changed meanwhile is read anew, and may be right already.
        const changed = await store.reseal(endpoint.id);
        if (changed === undefined) continue;
        directory.observe(endpoint.id, changed);
        count += 1;
      }
    } catch (error) {
      onTrouble(error);
    }
    await delay(REPEAT_MS, undefined, { signal, ref: false }).catch(() => {});
  }
  return count;
}
