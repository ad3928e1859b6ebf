import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { DEVELOPMENT_KEY } from "@tidegate/auth";
import { readEnvironment } from "@tidegate/runtime";
import type { LoadScenario, LoadTarget } from "./load-arguments.ts";

export interface K6Run {
  /** The program. */
  readonly binary: string;
  readonly scenario: LoadScenario;
  readonly target: LoadTarget;
  readonly smoke: boolean;
  readonly variables: readonly string[];
  readonly signal: AbortSignal;
}

/** What k6 ends with when all went well but a threshold was missed. */
const THRESHOLD_MISSED = 99;

export type K6Outcome = "passed" | "missed a threshold" | "failed";

/** Runs one scenario to its end, with what k6 prints on our standard output and error output. */
export async function runK6(run: K6Run): Promise<K6Outcome> {
  const script = fileURLToPath(new URL(`scenarios/${run.scenario}.ts`, import.meta.url));
  const assignments = run.variables.flatMap((variable) => ["--env", variable]);
  const k6: ChildProcess = spawn(run.binary, ["run", "--quiet", ...assignments, script], {
    stdio: ["ignore", "inherit", "inherit"],
    env: {
      ...readEnvironment(),
      // Secrets go by the environment: arguments are for everybody to see.
      GATEWAYS: run.target.gateways.join(","),
      PROFILE: run.smoke ? "smoke" : "full",
      ...(run.target.token === undefined
        ? { SECRET: run.target.secret ?? DEVELOPMENT_KEY.secret }
        : { TOKEN: run.target.token }),
      // It would look for other builds of itself, report its use, and listen for commands.
      K6_AUTO_EXTENSION_RESOLUTION: "false",
      K6_NO_USAGE_REPORT: "true",
      K6_ADDRESS: "127.0.0.1:0",
    },
  });
  const onAbort = (): void => void k6.kill("SIGTERM");
  run.signal.addEventListener("abort", onAbort, { once: true });
  try {
    const [code] = await once(k6, "close");
    run.signal.throwIfAborted();
    return code === 0 ? "passed" : code === THRESHOLD_MISSED ? "missed a threshold" : "failed";
  } finally {
    run.signal.removeEventListener("abort", onAbort);
  }
}
