import { type NodeProcess, spawnNode } from "@tidegate/testkit";
import { LoadTestError } from "../load-test-error.ts";

/** A development stack of our own: NATS, two nodes, the demo backend. */
export interface LoadStack {
  /** `http://host:port` each. */
  readonly gateways: readonly string[];
  readonly stop: () => Promise<void>;
}

const STACK = new URL("../../services/demo/src/stack/main.ts", import.meta.url);
/** Room for a first start, which installs NATS. */
const START_TIMEOUT_MS = 180_000;
const STOP_GRACE_MS = 30_000;

/** @throws LoadTestError `server_failed`; TestkitError with what the stack printed. */
export async function startStack(): Promise<LoadStack> {
  const stack = await spawnNode(STACK, { args: ["--json"], env: { NATS_URL: undefined } });
  try {
    const gateways = parseGateways(await stack.waitForLine(/^\{"gateways":/, START_TIMEOUT_MS));
    return { gateways, stop: () => stop(stack) };
  } catch (error) {
    await stack.stop("SIGKILL");
    throw error;
  }
}

async function stop(stack: NodeProcess): Promise<void> {
  await stack.stop("SIGTERM", STOP_GRACE_MS);
}

/** From the line that the stack prints for programs. */
export function parseGateways(line: string): readonly string[] {
  const value: unknown = JSON.parse(line);
  if (typeof value === "object" && value !== null && "gateways" in value && Array.isArray(value.gateways)) {
    const gateways = value.gateways.filter((one) => typeof one === "string");
    if (gateways.length > 0) {
      return gateways;
    }
  }
  throw new LoadTestError("server_failed", "the stack does not say where its nodes are");
}
