import { DEVELOPMENT_KEY, mintToken } from "@tidegate/auth";
import { type Environment, readEnvironment } from "@tidegate/runtime";
import { DEVELOPMENT_HOOK_SECRETS } from "@tidegate/webhooks";
import { DEVELOPMENT_CLAIMS, WEBHOOK_CLAIMS } from "../development-claims.ts";
import { natsAddresses } from "../nats-access.ts";
import { announcement, type RunningStack } from "./announcement.ts";
import { Crew } from "./crew.ts";
import { listenForInterruption } from "./interruption.ts";
import { PortChooser } from "./port-chooser.ts";
import { provisionStack } from "./provision-stack.ts";
import type { Screen } from "./screen.ts";
import { serviceEnvironment } from "./service-environment.ts";
import { startBackend, startGateways, startWebhooks } from "./start-services.ts";
import { startStackNats } from "./start-stack-nats.ts";
import { watchParent } from "./watch-parent.ts";

export interface RunStackOptions {
  readonly json: boolean;
  readonly verbose: boolean;
}

/**
 * Runs the whole development stack until somebody or something ends it.
 *
 * @returns the exit code: 0 if it was asked to stop, 1 if it could not start or lost a process.
 */
export async function runStack({ json, verbose }: RunStackOptions, screen: Screen): Promise<0 | 1> {
  const crew = new Crew();
  const interruption = listenForInterruption((exitCode) => {
    crew.kill();
    process.exit(exitCode);
  });
  const environment = readEnvironment();
  if (environment["npm_lifecycle_event"] !== undefined) {
    watchParent(interruption.request);
  }
  try {
    const stack = await start({ crew, signal: interruption.signal, environment, verbose, screen });
    json ? screen.report(stack) : screen.say(announcement(stack));
    const loss = await Promise.race([crew.lost, interruption.requested]);
    if (loss !== undefined) {
      screen.complain(`\n${loss}, so everything stops.`);
      return 1;
    }
    return 0;
  } catch (error) {
    if (interruption.signal.aborted) {
      return 0;
    }
    screen.complain(
      `\nThe stack could not start.\n${error instanceof Error ? error.message : String(error)}`,
    );
    return 1;
  } finally {
    await crew.stop((what) => screen.say(`Stopping ${what}`));
    screen.say("Everything has stopped.");
  }
}

interface StartOptions {
  readonly crew: Crew;
  readonly signal: AbortSignal;
  readonly environment: Environment;
  readonly verbose: boolean;
  readonly screen: Screen;
}

async function start({ crew, signal, environment, verbose, screen }: StartOptions): Promise<RunningStack> {
  const ports = await PortChooser.create();
  try {
    const nats = await startStackNats({ signal, environment, screen, ports });
    crew.addNats(nats);
    const services = { crew, signal, environment: serviceEnvironment(environment, verbose), screen, ports };
    await provisionStack(services, nats.url);
    const gateways = await startGateways(services, nats.url);
    const addresses = await startWebhooks(services, nats.url);
    const page = await startBackend(services, nats.url, gateways, addresses);
    const token = await mintToken(DEVELOPMENT_CLAIMS, DEVELOPMENT_KEY);
    const webhooks = {
      api: addresses.api,
      token: await mintToken(WEBHOOK_CLAIMS, DEVELOPMENT_KEY),
      hooks: addresses.hooks,
      secrets: DEVELOPMENT_HOOK_SECRETS,
    };
    return {
      gateways,
      nats: natsAddresses(nats.url).join(","),
      token,
      page,
      webhooks,
    };
  } finally {
    await ports.release();
  }
}
