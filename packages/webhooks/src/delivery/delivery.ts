import type { AttemptLog } from "../attempts/attempt-log.ts";
import type { DeadLetters } from "../attempts/dead-letters.ts";
import type { Endpoint } from "../endpoints/endpoint.ts";
import type { DeferReason } from "../lanes/lane.ts";
import type { Clock } from "../queue/clock.ts";
import type { DeliveryTask } from "../queue/delivery-task.ts";
import type { MessageStore } from "../queue/message-store.ts";
import type { WebhookMessage } from "../queue/webhook-message.ts";
import type { DeliveryInstruments } from "./delivery-instruments.ts";
import type { DeliveryResult } from "./delivery-result.ts";
import type { Disabling } from "./disabling.ts";
import type { HttpSender } from "./http-sender.ts";
import type { DeadReason, NextStep, RetryPolicy } from "./retry-policy.ts";

export interface DeliveryParts {
  readonly messages: MessageStore;
  readonly sender: HttpSender;
  readonly retries: RetryPolicy;
  readonly attempts: AttemptLog;
  readonly deadLetters: DeadLetters;
  readonly disabling: Disabling;
  readonly instruments: DeliveryInstruments;
  readonly now: Clock;
}

/** One attempt from the queue to what follows it, the same for every ordering: only how a retry waits is different. */
export class Delivery {
  readonly #parts: DeliveryParts;

  constructor(parts: DeliveryParts) {
    this.#parts = parts;
  }

  /** Gives up a task that cannot be tried before `until` and may not wait so long. @returns whether it has. */
  async expire(task: DeliveryTask, until: number, reason: DeferReason): Promise<boolean> {
    if (!this.#parts.retries.isExpired(task, until, reason, this.#parts.now())) return false;
    await this.giveUp(task, "expired");
    return true;
  }

  /**
   * Looks whether the attempt of a task was made before, by whoever had the task then and did not live to acknowledge it; or because a schedule
   * fired twice, which those do whose deletion NATS forgets when it is killed.
   *
   * @returns what followed that attempt, which may not have been stored; undefined if the attempt is still to be made.
   */
  async madeBefore(task: DeliveryTask): Promise<{ attempt: number; next: NextStep } | undefined> {
    const last = await this.#parts.attempts.last(task.endpoint, task.id);
    if (last === undefined || last.run !== task.run || last.attempt < task.attempt) return undefined;
    const { attempt, next } = last;
    if (next.kind === "dead") {
      const { messages, deadLetters } = this.#parts;
      const error = last.error ?? `answered ${last.status}`;
      const message = await messages.read(task.message);
      await deadLetters.add(task, message, { reason: next.reason, attempts: attempt, error, at: last.at });
    }
    return { attempt, next };
  }

  /**
   * Makes an attempt and stores what came of it: the record, and the dead letter if there is none after it. A retry that follows is the
   * caller's to store.
   *
   * @returns the step that follows, and whether the endpoint answered as it should.
   */
  async attempt(task: DeliveryTask, endpoint: Endpoint): Promise<{ next: NextStep; well: boolean }> {
    const { messages, sender, retries, now } = this.#parts;
    const message = await messages.read(task.message);
    if (message === undefined) {
      await this.giveUp(task, "message_lost");
      return { next: { kind: "dead", reason: "message_lost" }, well: true };
    }
    const result = await sender.send(endpoint, message, task.attempt);
    const next = retries.next(task, result, now());
    await this.#record(task, message, result, next);
    return { next, well: result.outcome === "delivered" };
  }

  /** Stores that a delivery is given up without a further attempt. */
  async giveUp(task: DeliveryTask, reason: DeadReason): Promise<void> {
    const { messages, deadLetters, instruments, now } = this.#parts;
    const message = await messages.read(task.message);
    await deadLetters.add(task, message, { reason, attempts: task.attempt - 1, at: now() });
    instruments.gaveUp(reason);
  }

  async #record(
    task: DeliveryTask,
    message: WebhookMessage,
    result: DeliveryResult,
    next: NextStep,
  ): Promise<void> {
    const { attempts, deadLetters, disabling, instruments, now } = this.#parts;
    instruments.attempted(result);
    const { endpoint, id, channel, attempt, run } = task;
    const writes: Promise<void>[] = [
      attempts.append({ ...result, endpoint, message: id, channel, copy: task.message, attempt, run, next }),
      disabling.judge(endpoint, result),
    ];
    if (next.kind === "dead") {
      const error = result.error ?? `answered ${result.status}`;
      writes.push(
        deadLetters.add(task, message, { reason: next.reason, attempts: attempt, error, at: now() }),
      );
      instruments.gaveUp(next.reason);
    }
    await Promise.all(writes);
  }
}
