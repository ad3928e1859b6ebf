import type { HttpResponse, TemplatedApp } from "uWebSockets.js";

const CORKED = { client: undefined as HttpResponse | undefined, chunk: Buffer.alloc(0) };
function write(): void {
  CORKED.client?.write(CORKED.chunk);
}

/** Everybody who reads events, in the least that uWebSockets.js takes for it: all of a turn in one corked write each. */
export class EventStreams {
  readonly #clients = new Set<HttpResponse>();
  #events: string[] = [];

  serve(app: TemplatedApp, path: string): void {
    app.get(path, (response) => {
      response.onAborted(() => this.#clients.delete(response));
      response.cork(() => {
        response.writeHeader("content-type", "text/event-stream").write("retry: 1000\n\n");
      });
      this.#clients.add(response);
    });
  }

  /** One message, of JSON on one line. */
  add(payload: string): void {
    if (this.#clients.size > 0) {
      this.#events.push(`data: ${payload}\n\n`);
    }
  }

  flush(): void {
    if (this.#events.length === 0) {
      return;
    }
    CORKED.chunk = Buffer.from(this.#events.join(""));
    this.#events = [];
    for (const client of this.#clients) {
      CORKED.client = client;
      client.cork(write);
    }
    CORKED.client = undefined;
  }
}
