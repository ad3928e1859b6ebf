import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";
import { LoadTestError } from "../../load-test-error.ts";

/**
 * - `passing`: bytes go through.
 * - `cut`: connections are closed and new ones refused at once, as by a server that is down.
 * - `holding`: connections stay open, bytes wait on the way, both ways, and arrive later.
 */
type Mode = "passing" | "cut" | "holding";

interface Pair {
  readonly near: Socket;
  readonly far: Socket;
  /** Its bytes are thrown away for good. */
  swallowed: boolean;
}

/** A TCP proxy on loopback between a gateway and NATS, which can be broken in the ways in which links break. */
export class LinkProxy {
  readonly port: number;
  readonly #server: Server;
  readonly #targetPort: number;
  readonly #pairs = new Set<Pair>();
  #mode: Mode = "passing";

  private constructor(server: Server, port: number, targetPort: number) {
    this.#server = server;
    this.port = port;
    this.#targetPort = targetPort;
    server.on("connection", (near) => this.#accept(near));
  }

  /** @param host where it listens; default: on loopback, where the target is. */
  static async start(targetPort: number, host = "127.0.0.1"): Promise<LinkProxy> {
    const server = createServer({ noDelay: true });
    server.listen(0, host);
    await once(server, "listening");
    const address = server.address();
    if (address === null || typeof address === "string") {
      throw new LoadTestError("server_failed", "the proxy has no port");
    }
    return new LinkProxy(server, address.port, targetPort);
  }

  /** Connections that go through it now. */
  get connections(): number {
    return this.#pairs.size;
  }

  /** Closes all connections and accepts no other until {@link restore}. */
  cut(): void {
    this.#mode = "cut";
    for (const { near, far } of this.#pairs) {
      near.resetAndDestroy();
      far.resetAndDestroy();
    }
  }

  /** Lets nothing through until {@link restore}; what is sent meanwhile arrives then. */
  hold(): void {
    this.#mode = "holding";
    for (const { near, far } of this.#pairs) {
      near.pause();
      far.pause();
    }
  }

  /**
   * Loses everything that is sent on the connections of now, both ways and for good, and tells neither side. New ones
   * work: this is what a router that forgets a connection does.
   */
  swallow(): void {
    for (const pair of this.#pairs) {
      pair.swallowed = true;
    }
  }

  restore(): void {
    this.#mode = "passing";
    for (const { near, far } of this.#pairs) {
      near.resume();
      far.resume();
    }
  }

  async close(): Promise<void> {
    this.cut();
    const closed = once(this.#server, "close");
    this.#server.close();
    await closed;
  }

  #accept(near: Socket): void {
    if (this.#mode === "cut") {
      near.resetAndDestroy();
      return;
    }
    const far = connect({ host: "127.0.0.1", port: this.#targetPort, noDelay: true });
    const pair: Pair = { near, far, swallowed: false };
    this.#pairs.add(pair);
    this.#forward(pair, near, far);
    this.#forward(pair, far, near);
    if (this.#mode === "holding") {
      near.pause();
      far.pause();
    }
  }

  #forward(pair: Pair, from: Socket, to: Socket): void {
    from.on("data", (bytes) => {
      if (!pair.swallowed && !to.write(bytes)) {
        from.pause();
        to.once("drain", () => {
          if (this.#mode !== "holding") {
            from.resume();
          }
        });
      }
    });
    from.on("error", () => {});
    from.on("close", () => {
      this.#pairs.delete(pair);
      // A forgotten connection does not end for the other side either.
      if (!pair.swallowed) {
        to.destroy();
      } else if (from === pair.near) {
        pair.far.destroy();
      }
    });
  }
}
