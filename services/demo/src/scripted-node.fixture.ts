import type { Browser } from "@tidegate/testkit";

type Page = Awaited<ReturnType<Browser["newPage"]>>;
type SocketRoute = Parameters<Parameters<Page["routeWebSocket"]>[1]>[0];

export type Frame = Readonly<Record<string, unknown>>;

/** One WebSocket of the page, with the test as the gateway behind it. */
export class ScriptedNode {
  readonly node: string;
  readonly #route: SocketRoute;
  readonly #frames: Frame[] = [];
  #wake: () => void = () => {};

  constructor(node: string, route: SocketRoute) {
    this.node = node;
    this.#route = route;
    route.onMessage((text) => {
      this.#frames.push(JSON.parse(String(text)) as Frame);
      this.#wake();
    });
  }

  send(frame: Frame): void {
    this.#route.send(JSON.stringify(frame));
  }

  close(code: number, reason = ""): Promise<void> {
    return this.#route.close({ code, reason });
  }

  /** The next frame of this type; those before it are dropped. */
  async next(type: string): Promise<Frame> {
    for (;;) {
      const frame = this.#frames.shift();
      if (frame?.["type"] === type) {
        return frame;
      }
      if (frame === undefined) {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    }
  }

  async accept(answer: Frame = {}): Promise<Frame> {
    const connect = await this.next("connect");
    this.send({
      type: "connected",
      id: connect["id"],
      connection: `${this.node}-1`,
      user: "ada",
      node: this.node,
      revision: 1,
      pingInterval: 25_000,
      limits: {},
      ...answer,
    });
    return connect;
  }

  /** Answers the `subscribe` to the lobby. */
  async subscribe(answer: Frame = {}): Promise<Frame> {
    const subscribe = await this.next("subscribe");
    this.send({
      type: "subscribed",
      id: subscribe["id"],
      channel: "chat.lobby",
      cursor: "life0001-0",
      ...answer,
    });
    return subscribe;
  }

  say(text: string, cursor: string): void {
    this.sayTogether([[text, cursor]]);
  }

  /** All in one frame. */
  sayTogether(said: readonly (readonly [text: string, cursor: string])[]): void {
    const from = { user: "bob", connection: "n2-7" };
    const lines = said.map(([text, cursor]) =>
      JSON.stringify({
        type: "message",
        channel: "chat.lobby",
        time: Date.now(),
        data: { text },
        from,
        cursor,
      }),
    );
    this.#route.send(lines.join("\n"));
  }
}
