import { randomInt } from "node:crypto";
import { once } from "node:events";
import { createServer, type Server } from "node:net";
import { StackError } from "./stack-error.ts";

export const LOOPBACK = "127.0.0.1";

/**
 * Held by the one stack that is starting on the usual ports. Between the choice of a port and the moment a process
 * listens on it another stack could make the same choice, and would then see the wrong process answer. The
 * kernel takes this port back from whoever dies.
 */
const CLAIM_PORT = 4079;

/** Below the range from which kernels take the ports of outgoing connections, any of which could be in the way. */
const LOWEST_PORT = 20_000;
const PORTS_END = 32_768;
/** Thousands are there to choose from; so many in use means that something else is wrong. */
const MAX_TRIES = 50;

/** Chooses the ports of one stack, so that two stacks can run side by side. */
export class PortChooser {
  readonly #claim: Server | undefined;
  readonly #given = new Set<number>();

  private constructor(claim: Server | undefined) {
    this.#claim = claim;
  }

  /** @param claimPort for tests, which must not get in the way of a stack that somebody runs */
  static async create(claimPort = CLAIM_PORT): Promise<PortChooser> {
    return new PortChooser(await tryListen(claimPort));
  }

  /**
   * A port nobody listens on: the preferred one if it can be had, else a random one. A stack that starts while
   * another does gets random ones only.
   *
   * @throws StackError `no_free_port`
   */
  async take(preferred: number): Promise<number> {
    let port = this.#claim === undefined ? randomPort() : preferred;
    for (let tries = 0; tries < MAX_TRIES; tries += 1) {
      if (!this.#given.has(port) && (await isFree(port))) {
        this.#given.add(port);
        return port;
      }
      port = randomPort();
    }
    throw new StackError(
      "no_free_port",
      `neither ${preferred} nor ${MAX_TRIES - 1} others can be listened on`,
    );
  }

  /** To be called when everything listens: from then on the ports themselves tell that they are taken. */
  async release(): Promise<void> {
    if (this.#claim?.listening) {
      await close(this.#claim);
    }
  }
}

async function isFree(port: number): Promise<boolean> {
  const server = await tryListen(port);
  if (server === undefined) {
    return false;
  }
  await close(server);
  return true;
}

async function tryListen(port: number): Promise<Server | undefined> {
  const server = createServer((socket) => socket.destroy());
  try {
    server.listen({ port, host: LOOPBACK, exclusive: true });
    await once(server, "listening");
    return server;
  } catch {
    return undefined;
  }
}

async function close(server: Server): Promise<void> {
  const closed = once(server, "close");
  server.close();
  await closed;
}

function randomPort(): number {
  return randomInt(LOWEST_PORT, PORTS_END);
}
