import type { Environment } from "@tidegate/runtime";

/** Settings of the testkit, which is part of this process; a gateway refuses variables that it does not know. */
const TESTKIT_VARIABLES = [
  "TIDEGATE_CACHE_DIR",
  "TIDEGATE_NATS_RELEASE_BASE",
  "TIDEGATE_NATS_RELEASE_SHA256",
] as const;

/**
 * What the processes of the stack are told by ours. They keep to warnings and errors unless somebody wants to hear
 * more: by `--verbose`, or by setting a level.
 */
export function serviceEnvironment(environment: Environment, verbose: boolean): Environment {
  const withheld = Object.fromEntries(TESTKIT_VARIABLES.map((name) => [name, undefined]));
  const level = environment["TIDEGATE_LOG_LEVEL"] || (verbose ? "info" : "warn");
  return { ...environment, ...withheld, TIDEGATE_LOG_LEVEL: level };
}
