import type { CloseName } from "@tidegate/protocol";

/** Why a connection has to end. */
export interface Ending {
  readonly name: CloseName;
  readonly reason: string;
}
