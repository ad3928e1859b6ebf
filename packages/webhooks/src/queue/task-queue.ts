import type { Endpoint } from "../endpoints/endpoint.ts";
import type { WebhookNames } from "../webhook-names.ts";
import type { DeliveryTask } from "./delivery-task.ts";
import { encodeTask } from "./delivery-task.ts";
import type { StoreWriter } from "./store-writer.ts";

/** Puts deliveries into the queue, now or at some time. What has returned is stored. */
export class TaskQueue {
  readonly #writer: StoreWriter;
  readonly #names: WebhookNames;

  constructor(writer: StoreWriter, names: WebhookNames) {
    this.#writer = writer;
    this.#names = names;
  }

  /** A repetition within two minutes is recognised. */
  async add(task: DeliveryTask, ordering: Endpoint["ordering"]): Promise<void> {
    const { endpoint, id, channel, run } = task;
    const subject =
      ordering === "fifo" ? this.#names.fifoTask(endpoint, channel, id) : this.#names.task(endpoint, id);
    await this.#writer.write(subject, encodeTask(task), { msgID: `${id}:${endpoint}:${run}` });
  }

  /** Replaces what was scheduled for the same message and endpoint. A time in the past is now. */
  async schedule(task: DeliveryTask, at: number): Promise<void> {
    const { endpoint, id } = task;
    await this.#writer.write(this.#names.schedule(endpoint, id), encodeTask(task), {
      schedule: { specification: new Date(at), target: this.#names.task(endpoint, id) },
    });
  }
}
