import type { NatsServer } from "@tidegate/testkit";
import { describeExit, type ServiceProcess } from "./service-process.ts";

/** A gateway says goodbye to its clients one after the other; the others have little to finish. */
const GATEWAY_GRACE_MS = 20_000;
const WEBHOOKS_GRACE_MS = 15_000;
const BACKEND_GRACE_MS = 5_000;
const NATS_POLL_MS = 250;

type Role = "gateway" | "webhooks" | "backend";

/** The processes of the stack and the order in which they leave: those that need another one go before it. */
export class Crew {
  readonly #services: { readonly role: Role; readonly service: ServiceProcess }[] = [];
  /** Resolves to words about the first process that ended before it was told to. */
  readonly lost: Promise<string>;
  #reportLoss: (words: string) => void = () => {};
  #nats: NatsServer | undefined;
  #natsWatch: NodeJS.Timeout | undefined;
  #stopped: Promise<void> | undefined;

  constructor() {
    this.lost = new Promise((resolve) => {
      this.#reportLoss = resolve;
    });
  }

  addNats(nats: NatsServer): void {
    this.#nats = nats;
    if (nats.external) {
      return;
    }
    this.#natsWatch = setInterval(() => {
      if ("pid" in nats && nats.pid === undefined) {
        this.#reportLoss("NATS ended");
      }
    }, NATS_POLL_MS);
  }

  add(role: Role, service: ServiceProcess): void {
    this.#services.push({ role, service });
    void service.exited.then((status) => this.#reportLoss(`${service.name} ${describeExit(status)}`));
  }

  /** Stops everything that was added; `onPhase` is told what goes now. Idempotent, never rejects. */
  stop(onPhase: (what: string) => void): Promise<void> {
    this.#stopped ??= this.#stop(onPhase);
    return this.#stopped;
  }

  /** Ends everything at once. NATS ends, and its files go, with this process. */
  kill(): void {
    for (const { service } of this.#services) {
      service.kill();
    }
  }

  async #stop(onPhase: (what: string) => void): Promise<void> {
    clearInterval(this.#natsWatch);
    await this.#stopAll("gateway", "the gateways, after their clients", GATEWAY_GRACE_MS, onPhase);
    await this.#stopAll("backend", "the demo backend", BACKEND_GRACE_MS, onPhase);
    await this.#stopAll("webhooks", "the webhooks", WEBHOOKS_GRACE_MS, onPhase);
    if (this.#nats?.external === false) {
      onPhase("NATS");
      await this.#nats.stop();
    }
  }

  async #stopAll(role: Role, words: string, graceMs: number, onPhase: (what: string) => void): Promise<void> {
    const leaving = this.#services.filter((member) => member.role === role && member.service.running);
    if (leaving.length > 0) {
      onPhase(words);
      await Promise.all(leaving.map(({ service }) => service.stop(graceMs)));
    }
  }
}
