import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { Agent, request } from "node:https";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import { isRecord, listAt, type Manifest, recordAt, textAt } from "../../deploy/manifest.ts";
import { ApiError } from "./api-error.ts";
import { warningTexts } from "./warning.ts";

export interface KubernetesApiOptions {
  /** `https://127.0.0.1:20123` */
  readonly url: string;
  /** Of the authority, PEM. */
  readonly certificate: string;
  readonly token: string;
  /** Ends what is under way. */
  readonly signal: AbortSignal;
}

interface Call {
  readonly method: string;
  readonly path: string;
  readonly type?: string;
  readonly body?: unknown;
  readonly signal?: AbortSignal;
}

type WatchEvent = (type: string, object: Manifest) => void;

/** A client of the API server, which remembers what the server warns of. */
export class KubernetesApi {
  readonly #options: KubernetesApiOptions;
  readonly #agent: Agent;
  #warnings: string[] = [];

  constructor(options: KubernetesApiOptions) {
    this.#options = options;
    this.#agent = new Agent({ keepAlive: true, ca: options.certificate });
  }

  /** What the server warned of since this was called last, with what it was asked for. */
  takeWarnings(): readonly string[] {
    const taken = this.#warnings;
    this.#warnings = [];
    return taken;
  }

  /** @throws ApiError */
  async text(path: string): Promise<string> {
    return await text(await this.#answer({ method: "GET", path }));
  }

  /** @throws ApiError */
  async get(path: string): Promise<Manifest> {
    return await this.#object({ method: "GET", path });
  }

  /** The objects of a list. @throws ApiError */
  async list(path: string): Promise<readonly Manifest[]> {
    return listAt(await this.get(path), "items").filter(isRecord);
  }

  /** @throws ApiError */
  async create(path: string, body: unknown): Promise<Manifest> {
    return await this.#object({ method: "POST", path, type: "application/json", body });
  }

  /** As `kubectl apply --server-side --validate=strict` does. @throws ApiError */
  async apply(path: string, body: unknown): Promise<Manifest> {
    const query = "fieldManager=check&fieldValidation=Strict&force=true";
    return await this.#object({
      method: "PATCH",
      path: `${path}?${query}`,
      type: "application/apply-patch+yaml",
      body,
    });
  }

  /** @throws ApiError */
  async merge(path: string, body: unknown): Promise<Manifest> {
    return await this.#object({ method: "PATCH", path, type: "application/merge-patch+json", body });
  }

  /** True if there was something to delete. @throws ApiError */
  async remove(path: string): Promise<boolean> {
    return await this.#object({ method: "DELETE", path }).then(
      () => true,
      (error: unknown) => {
        if (error instanceof ApiError && error.status === 404) return false;
        throw error;
      },
    );
  }

  /**
   * Hands over each change of the objects of a list until `signal` aborts.
   *
   * @param since `metadata.resourceVersion` of the list: nothing that came after it is missed.
   * @throws ApiError; Error if the server ends the stream.
   */
  async watch(path: string, since: string, signal: AbortSignal, onEvent: WatchEvent): Promise<void> {
    try {
      const query = `watch=1&resourceVersion=${since}`;
      const stream = await this.#answer({ method: "GET", path: `${path}?${query}`, signal });
      for await (const line of createInterface({ input: stream })) {
        const event: unknown = JSON.parse(line);
        onEvent(textAt(event, "type"), recordAt(event, "object"));
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    }
    if (!signal.aborted) throw new Error(`the API server ended the watch of ${path}`);
  }

  async #object(call: Call): Promise<Manifest> {
    return recordAt(JSON.parse(await text(await this.#answer(call))));
  }

  async #answer({ method, path, type, body, signal }: Call): Promise<IncomingMessage> {
    const sent = request(new URL(path, this.#options.url), {
      method,
      agent: this.#agent,
      signal: signal === undefined ? this.#options.signal : AbortSignal.any([this.#options.signal, signal]),
      headers: {
        authorization: `Bearer ${this.#options.token}`,
        accept: "application/json",
        ...(type === undefined ? {} : { "content-type": type }),
      },
    });
    sent.end(body === undefined ? undefined : JSON.stringify(body));
    const [answer] = (await once(sent, "response")) as [IncomingMessage];
    for (const warning of warningTexts(answer.headersDistinct["warning"] ?? [])) {
      this.#warnings.push(`${warning} (${method} ${path.replace(/\?.*$/, "")})`);
    }
    const status = answer.statusCode ?? 0;
    if (status < 200 || status > 299) throw new ApiError(status, await text(answer));
    return answer;
  }
}
