import { fileURLToPath } from "node:url";
import type { Environment } from "@tidegate/runtime";
import { spawnNode } from "@tidegate/testkit";
import { natsEnvironment } from "./gateway-environment.ts";
import type { Screen } from "./screen.ts";
import { describeExit } from "./service-process.ts";
import { StackError } from "./stack-error.ts";
import { GATEWAY_CONFIG } from "./start-services.ts";

export interface ProvisionStackOptions {
  readonly signal: AbortSignal;
  readonly environment: Environment;
  readonly screen: Screen;
}

const PROVISION_FILE = new URL("../../../gateway/src/provision.ts", import.meta.url);

/**
 * Makes the streams that the configuration of the gateways asks for, with the same command as a deployment does.
 *
 * @throws StackError `provisioning_failed` with what the command said; the reason of `signal`.
 */
export async function provisionStack(
  { signal, environment, screen }: ProvisionStackOptions,
  natsUrl: string,
): Promise<void> {
  const command = await spawnNode(PROVISION_FILE, {
    args: ["--config", fileURLToPath(GATEWAY_CONFIG)],
    env: { ...environment, ...natsEnvironment(natsUrl) },
  });
  const interrupt = () => void command.stop("SIGKILL");
  // It may have been aborted while the process started, and then says nothing any more.
  if (signal.aborted) {
    interrupt();
  }
  signal.addEventListener("abort", interrupt, { once: true });
  const status = await command.exited;
  signal.removeEventListener("abort", interrupt);
  signal.throwIfAborted();
  if (status.code !== 0) {
    const said = command.lines.map(({ text }) => `  ${text}`).join("\n");
    throw new StackError(
      "provisioning_failed",
      `npm run provision ${describeExit(status)}. It printed:\n${said}`,
    );
  }
  screen.say("The streams of the namespaces with history are ready");
}
