import { BrokerError } from "../broker-error.ts";
import type { BrokerOptions } from "../broker-options.ts";
import { Confirmations } from "../confirmations.ts";
import { connectToNats } from "../connect-to-nats.ts";
import { Faults } from "../faults.ts";
import { HeaderReader } from "../header-reader.ts";
import { Link } from "../link.ts";
import { Outbound } from "../outbound.ts";
import { Requests } from "../requests.ts";
import { JetStreamApi, STREAM_NOT_FOUND } from "./jetstream-api.ts";
import type { JsonObject } from "./json-object.ts";
import type { StreamInfo } from "./stream-info.ts";
import { readStreamInfo } from "./stream-info.ts";
import type { StreamPlan } from "./stream-plan.ts";
import { planStream } from "./stream-plan.ts";
import type { StreamSpec } from "./stream-spec.ts";
import { differenceText, streamDifferences, streamSpec } from "./stream-spec.ts";

/** Making a stream takes a cluster longer than answering for one. */
const API_TIMEOUT_MS = 15_000;

/** What usually is behind a refusal. */
const HINTS: ReadonlyMap<number, string> = new Map([
  [10_074, "this NATS server is not clustered: set history.replicas to 1, or run a cluster"],
  [10_005, "the cluster has not enough servers with JetStream for history.replicas"],
  [10_047, "history.maxBytes of all namespaces together is more than the servers have room for"],
  [10_028, "history.maxBytes of all namespaces together is more than the servers have room for"],
  [10_065, "another stream takes messages of these channels"],
]);

/**
 * Makes and changes the streams of namespaces with history: what the provisioning command does. Nodes never do it, so they need
 * no permission to. Made by {@link openStreamProvisioner}.
 */
export class StreamProvisioner {
  readonly #link: Link;
  readonly #api: JetStreamApi;
  readonly #specs: readonly StreamSpec[];

  /** Connected parts; for {@link openStreamProvisioner}. */
  constructor(link: Link, api: JetStreamApi, specs: readonly StreamSpec[]) {
    this.#link = link;
    this.#api = api;
    this.#specs = specs;
  }

  /**
   * Looks at every stream and changes nothing.
   *
   * @param newEpochs namespaces whose cursors shall be reset.
   * @throws BrokerError if a stream cannot be looked at; TypeError for a namespace without history.
   */
  async plan(newEpochs: readonly string[]): Promise<readonly StreamPlan[]> {
    for (const namespace of newEpochs) {
      if (!this.#specs.some((spec) => spec.namespace === namespace)) {
        throw new TypeError(`namespace ${namespace} keeps no history`);
      }
    }
    const plans: StreamPlan[] = [];
    for (const spec of this.#specs) {
      plans.push(planStream(spec, await this.#look(spec), newEpochs.includes(spec.namespace)));
    }
    return plans;
  }

  /**
   * Does what a plan says, whatever it loses: who calls has decided. Then looks whether the stream is as it should be.
   *
   * @throws BrokerError with the server's reason, and what usually is behind it.
   */
  async apply({ spec, action, config }: StreamPlan): Promise<void> {
    if (action === "none") return;
    if (action === "replace") await this.#change(`STREAM.DELETE.${spec.name}`, undefined);
    await this.#change(`STREAM.${action === "update" ? "UPDATE" : "CREATE"}.${spec.name}`, config);
    const info = await this.#look(spec);
    const left =
      info === undefined
        ? ["the stream is missing"]
        : streamDifferences(spec, info.config).map(differenceText);
    if (left.length > 0) {
      throw new BrokerError("stream_unfit", `stream ${spec.name} took the change, but ${left.join("; ")}`);
    }
  }

  async close(): Promise<void> {
    await this.#link.close();
  }

  async #look({ name }: StreamSpec): Promise<StreamInfo | undefined> {
    const answer = await this.#api.call(`STREAM.INFO.${name}`);
    if (answer.kind === "refused") {
      if (answer.code === STREAM_NOT_FOUND) return undefined;
      throw new BrokerError("server_error", `stream ${name}: ${answer.description}`);
    }
    const info = readStreamInfo(answer.answer);
    if (info === undefined) {
      throw new BrokerError("server_error", `the description of stream ${name} cannot be read`);
    }
    return info;
  }

  async #change(method: string, body: JsonObject | undefined): Promise<void> {
    const answer = await this.#api.call(method, body);
    if (answer.kind === "done") return;
    const hint = HINTS.get(answer.code);
    throw new BrokerError(
      "server_error",
      `${method}: ${answer.description}${hint === undefined ? "" : ` (${hint})`}`,
    );
  }
}

/**
 * Connects as a broker does.
 *
 * @param options from `resolveBrokerOptions`; `histories` names the streams.
 * @param signal gives up waiting for NATS.
 * @throws BrokerError as `connectBroker`.
 */
export async function openStreamProvisioner(
  options: BrokerOptions,
  signal?: AbortSignal,
): Promise<StreamProvisioner> {
  const faults = new Faults(options.onError);
  const link = new Link(await connectToNats(options, signal), options, faults);
  const outbound = new Outbound(link, new Confirmations(link), options.maxPendingBytes);
  const { inboxPrefix, subjectPrefix, histories } = options;
  const requests = new Requests({ link, outbound, reader: new HeaderReader(), faults, inboxPrefix });
  const specs = [...histories].map(([namespace, policy]) => streamSpec(subjectPrefix, namespace, policy));
  return new StreamProvisioner(link, new JetStreamApi(requests, API_TIMEOUT_MS), specs);
}
