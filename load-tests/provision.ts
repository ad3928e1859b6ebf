import type { Environment } from "@tidegate/runtime";
import { spawnNode } from "@tidegate/testkit";
import { LoadTestError } from "./load-test-error.ts";

const PROVISION_FILE = new URL("../services/gateway/src/provision.ts", import.meta.url);

/**
 * Makes the streams that a gateway's configuration asks for.
 *
 * @param env the gateway's: where NATS is, and what does not stand in the file
 * @throws LoadTestError `server_failed` with what the command printed.
 */
export async function provision(configPath: string, env: Environment): Promise<void> {
  const process = await spawnNode(PROVISION_FILE, { args: ["--config", configPath], env });
  const { code } = await process.exited;
  if (code !== 0) {
    const output = process.lines.map(({ text }) => text).join("\n");
    throw new LoadTestError("server_failed", `provisioning ended with code ${code}:\n${output}`);
  }
}
