import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { CloseName } from "@tidegate/protocol";
import { describe, expect, it } from "vitest";
import { fakeNode, identity } from "../../testing/fake-node.ts";
import { turns } from "../../testing/turns.ts";
import type { NodeContext } from "../node-context.ts";
import type { SendOutcome, Socket } from "../socket.ts";
import { Connection } from "./connection.ts";
import { copyFrame } from "./held-frames.ts";

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

const COUNT = 4_000;
const NO_WISH = { channels: [], since: undefined };

/** Keeps nothing of what is sent. */
class EmptySocket implements Socket {
  readonly line = undefined;

  send(): SendOutcome {
    return "sent";
  }

  cork(write: () => void): void {
    write();
  }

  bufferedBytes(): number {
    return 0;
  }

  ping(): void {}

  end(_name: CloseName, _reason: string): void {}
}

async function heapUsed(): Promise<number> {
  await turns();
  collectGarbage();
  return process.memoryUsage().heapUsed;
}

function connect(context: NodeContext, first: number, channelOf: (number: number) => string): Connection[] {
  return Array.from({ length: COUNT }, (_, index) => {
    const number = first + index;
    const connection = new Connection(
      context,
      new EmptySocket(),
      `n1-b-${number}`,
      "json",
      NO_WISH,
      () => {},
    );
    // A token of many times the length of what may stay.
    const token = `${number}.${"x".repeat(1_000)}`;
    const text = JSON.stringify({ type: "connect", id: 1, token, channels: [channelOf(number)] });
    connection.receive(copyFrame(new TextEncoder().encode(text).buffer, false));
    return connection;
  });
}

/** Bytes of the JavaScript heap that an idle connection takes, and that it leaves behind. */
async function measure(channelOf: (number: number) => string) {
  const { grants } = identity();
  const { context, logged } = fakeNode({ limits: { unauthenticatedBytes: 4_096 } });
  const verify = (token: string) => {
    const user = `user ${token.slice(0, token.indexOf("."))}`;
    return { ok: true, identity: identity({ user, grants }) } as const;
  };
  const node: NodeContext = { ...context, verifier: { ...context.verifier, verify, close: () => {} } };
  // The first ones pay for compiled code, and for what tables grow to.
  const early = connect(node, 0, channelOf);
  const before = await heapUsed();
  const connections = connect(node, COUNT, channelOf);
  const held = (await heapUsed()) - before;
  expect(connections.every(({ subscriptions }) => subscriptions.size === 1)).toBe(true);
  for (const connection of connections) {
    connection.closed("client");
  }
  connections.length = 0;
  logged.length = 0;
  const left = (await heapUsed()) - before;
  expect(early).toHaveLength(COUNT);
  return { held: held / COUNT, left: left / COUNT };
}

describe("an idle connection with one subscription", () => {
  it("takes a kilobyte, keeps nothing of its token, and leaves nothing behind", async () => {
    const { held, left } = await measure(() => "chat.lobby");
    expect(held).toBeLessThan(1_300);
    expect(left).toBeLessThan(150);
  });

  it("takes three with a channel of its own", async () => {
    // Some of it is the fake broker's, which forgets nothing.
    const { held } = await measure((number) => `chat.own.${number}`);
    expect(held).toBeLessThan(3_500);
  });
});
