import { Session } from "node:inspector/promises";

interface SampleNode {
  readonly selfSize: number;
  readonly callFrame: { readonly functionName: string };
  readonly children: readonly SampleNode[];
}

export interface Allocations {
  readonly bytes: number;
  /** By function, the largest first. */
  readonly sites: readonly (readonly [name: string, bytes: number])[];
}

/**
 * What `run` allocates on the JavaScript heap, garbage included. A sample is taken every so many bytes, at random, so run it often
 * enough to allocate some hundred kilobytes if it does allocate.
 */
export async function allocatedBytes(run: () => Promise<void>): Promise<Allocations> {
  const session = new Session();
  session.connect();
  try {
    await session.post("HeapProfiler.enable");
    await session.post("HeapProfiler.startSampling", {
      samplingInterval: 1_024,
      includeObjectsCollectedByMajorGC: true,
      includeObjectsCollectedByMinorGC: true,
    });
    await run();
    const { profile } = await session.post("HeapProfiler.stopSampling");
    const sites = new Map<string, number>();
    const visit = ({ selfSize, callFrame, children }: SampleNode): void => {
      if (selfSize > 0) {
        sites.set(callFrame.functionName, (sites.get(callFrame.functionName) ?? 0) + selfSize);
      }
      for (const child of children) {
        visit(child);
      }
    };
    visit(profile.head);
    const sorted = [...sites].sort(([, one], [, other]) => other - one);
    return { bytes: sorted.reduce((sum, [, bytes]) => sum + bytes, 0), sites: sorted };
  } finally {
    session.disconnect();
  }
}
