import type { ClientCrew } from "../../chaos/clients/client-crew.ts";
import type { ActOutcome } from "../act-result.ts";
import type { RehearsalOptions } from "../rehearsal-arguments.ts";
import type { RehearsalStack, StackNeeds } from "../stack/rehearsal-stack.ts";

/** What an act gets: a cluster under load. */
export interface Scene {
  readonly stack: RehearsalStack;
  readonly crew: ClientCrew;
  readonly options: RehearsalOptions;
  /** Ends it early. */
  readonly signal: AbortSignal;
  readonly onProgress: (what: string) => void;
}

/** Something that is done to a cluster, and undone again. */
export interface Act {
  /** What the cluster must have besides for it. */
  readonly needs: StackNeeds;
  /** What a reader has to know before believing a figure; `undefined`: nothing. */
  readonly remark: string | undefined;
  /** Resolves when all that was broken works again, as far as the cluster says itself. */
  readonly play: (scene: Scene) => Promise<ActOutcome>;
}
