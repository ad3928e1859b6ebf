import type { CloseName, Cursor } from "@tidegate/protocol";
import { Connection } from "../src/connection/connection.ts";
import { copyFrame } from "../src/connection/held-frames.ts";
import type { Format } from "../src/fan-out/format.ts";
import { type FakeNode, type FakeNodeOptions, fakeNode } from "./fake-node.ts";
import { FakeSocket } from "./fake-socket.ts";
import { turns } from "./turns.ts";

export interface ConnectionFixture extends FakeNode {
  readonly socket: FakeSocket;
  readonly connection: Connection;
  /** A text frame of the client. */
  send(message: object | string): void;
  /** The types of the messages that the client got. */
  types(): readonly unknown[];
  /** How it was closed, by us. */
  endings(): readonly CloseName[];
  /** How often it said that it is closed. */
  closings(): number;
}

export interface FixtureOptions extends FakeNodeOptions {
  readonly format?: Format;
  readonly channels?: readonly string[];
  readonly since?: Cursor;
}

/** A connection whose socket, broker, verifier and clock the test controls. */
export function fixture({
  format = "json",
  channels = [],
  since,
  ...options
}: FixtureOptions = {}): ConnectionFixture {
  const node = fakeNode(options);
  const socket = new FakeSocket();
  let closings = 0;
  const connection = new Connection(node.context, socket, "n1-boot-1", format, { channels, since }, () => {
    closings += 1;
  });
  const send = (message: object | string): void => {
    const text = typeof message === "string" ? message : JSON.stringify(message);
    connection.receive(copyFrame(new TextEncoder().encode(text).buffer, false));
  };
  const types = (): readonly unknown[] => socket.messages.map(({ type }) => type);
  const endings = (): readonly CloseName[] => socket.ends.map(({ name }) => name);
  return { ...node, socket, connection, send, types, endings, closings: () => closings };
}

/** One that is authenticated. */
export async function opened(options: FixtureOptions = {}): Promise<ConnectionFixture> {
  const all = fixture(options);
  all.connection.begin(all.verifier.accept("good"));
  await turns();
  return all;
}
