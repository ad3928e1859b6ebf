import { setTimeout as delay } from "node:timers/promises";
import { DEVELOPMENT_KEY, mintToken } from "@tidegate/auth";
import { GRANTS } from "../stack/gateway-settings.ts";
import type { ObservedStack } from "../stack/observed-stack.ts";
import { crowdIn } from "./crowd.ts";

/** Something that is done to the stack. */
export interface Act {
  /** When, as a share of the whole time. */
  readonly at: number;
  readonly what: string;
  readonly act: (stack: ObservedStack) => Promise<void>;
}

const CROWD = 900;
const CROWD_STAYS_MS = 8000;
const AWAY_MS = 4000;
/** Longer than gateways wait before they turn newcomers away for it. */
const NATS_AWAY_MS = 9000;

export const ACTS: readonly Act[] = [
  {
    at: 0.15,
    what: `${CROWD} newcomers at the same moment`,
    act: async ({ ports }) => {
      const claims = { sub: "crowd", grants: GRANTS, expiresInSeconds: 3600 };
      const token = await mintToken(claims, DEVELOPMENT_KEY);
      await crowdIn(
        ports,
        Array.from({ length: CROWD }, () => token),
        CROWD_STAYS_MS,
      );
    },
  },
  {
    at: 0.3,
    what: "gateway-2 is killed, and started again 4 s later",
    act: async ({ gateways: [, second] }) => {
      await second?.stop("SIGKILL");
      await delay(AWAY_MS);
      await second?.start();
    },
  },
  {
    at: 0.45,
    what: "gateway-1 leaves in order, and comes back",
    act: async ({ gateways: [first] }) => {
      await first?.stop("SIGTERM");
      await first?.start();
    },
  },
  {
    at: 0.6,
    what: "NATS is killed, and started again 9 s later",
    act: async ({ nats }) => {
      await nats.kill();
      await delay(NATS_AWAY_MS);
      await nats.restart();
    },
  },
  {
    at: 0.8,
    what: "one of the two processes of gateway-3 is killed",
    act: async ({ gateways: [, , third] }) => await third?.killWorker(),
  },
];
