import type { Environment } from "@tidegate/runtime";
import { locateNatsServer, type NatsServer, startNats } from "@tidegate/testkit";
import type { PortChooser } from "./port-chooser.ts";
import type { Screen } from "./screen.ts";

const PREFERRED_PORT = 4222;

export interface StackNatsOptions {
  readonly signal: AbortSignal;
  readonly environment: Environment;
  readonly screen: Screen;
  readonly ports: PortChooser;
}

/**
 * The NATS server that `NATS_URL` names, or one of our own, installed first if need be.
 *
 * @throws TestkitError as `startNats`; the reason of `signal`.
 */
export async function startStackNats({
  signal,
  environment,
  screen,
  ports,
}: StackNatsOptions): Promise<NatsServer> {
  if (environment["NATS_URL"]) {
    const nats = await startNats({ env: environment, signal });
    screen.say("NATS is the one that NATS_URL names");
    return nats;
  }
  const { onProgress, done } = screen.progress();
  try {
    // Before the port is chosen: an installation takes long enough for somebody else to take it.
    await locateNatsServer({ env: environment, signal, onProgress });
  } finally {
    done();
  }
  const nats = await startNats({ env: environment, signal, port: await ports.take(PREFERRED_PORT) });
  screen.say(`NATS is ready at ${nats.url}`);
  return nats;
}
