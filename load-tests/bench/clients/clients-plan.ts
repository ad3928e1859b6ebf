import type { ClientPlan } from "../../client-plan.ts";
import { buildDrain } from "../../drain/build-drain.ts";
import { LoadTestError } from "../../load-test-error.ts";
import type { BenchClients, ClientsManner } from "./bench-clients.ts";
import { NativeClients } from "./native-clients.ts";
import { NodeClients } from "./node-clients.ts";

/** What clients are used. `binary`: the native program. */
export type ClientsPlan =
  | { readonly kind: "native"; readonly binary: string; readonly title: string }
  | { readonly kind: "node"; readonly title: string };

/** Native clients where they can be built; else says in the notes what is missing without them. */
export async function planClients(
  notes: string[],
  signal: AbortSignal,
  onProgress: (what: string) => void,
): Promise<ClientsPlan> {
  try {
    return { kind: "native", binary: await buildDrain({ onProgress, signal }), title: "native clients" };
  } catch (error) {
    if (!(error instanceof LoadTestError) || error.code !== "tool_missing") {
      throw error;
    }
    notes.push(
      `${error.message}. Clients ran on Node.js instead: no figures of saturation, and latencies are partly theirs.`,
    );
    return { kind: "node", title: "clients on Node.js" };
  }
}

/** Starts what the clients run in; no connection is opened yet. */
export async function startClients(
  plan: ClientsPlan,
  ports: readonly number[],
  plans: readonly ClientPlan[],
  manner: ClientsManner,
): Promise<BenchClients> {
  return plan.kind === "native"
    ? await NativeClients.start(plan.binary, ports, plans, manner)
    : new NodeClients(ports, plans);
}
