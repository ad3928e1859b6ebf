import { messageFrame } from "@tidegate/protocol";
import { createMetrics, Readiness, startOperationsServer } from "@tidegate/runtime";
import { connectPlainNats } from "@tidegate/testkit";

/** What a server that is measured beside a gateway does; everything around it is the same for all. */
export interface Contender {
  /** Starts to listen on a port of loopback that the system chooses, and returns it. */
  readonly listen: () => Promise<number>;
  /** Sends a message to everybody. */
  readonly toAll: (message: ContenderMessage) => void;
  /** Sends a message to the one client that asked for `?own=<name>`. */
  readonly toOne: (name: string, message: ContenderMessage) => void;
  readonly close: () => void;
}

export interface ContenderMessage {
  readonly channel: string;
  /** JSON. */
  readonly payload: string;
}

/** The frame that a gateway sends for a message. */
export function frameOf({ channel, payload }: ContenderMessage): string {
  const head = { channel, event: undefined, from: undefined, cursor: undefined, time: Date.now() };
  return messageFrame(head, { json: payload, encoding: undefined });
}

/**
 * Runs a server until SIGTERM: with NATS as its source of messages and the metrics of its process, as a gateway
 * has them. Arguments: address of NATS, prefix of subjects, the channel of everybody, and what channels with one
 * subscriber begin with.
 */
export async function runContender(contender: Contender): Promise<void> {
  const [natsUrl = "", prefix = "", sharedChannel = "", ownChannels = ""] = process.argv.slice(2);
  const { exposition, close: closeMetrics } = createMetrics({}, { process: true });
  const operations = await startOperationsServer({
    host: "127.0.0.1",
    port: 0,
    metrics: exposition,
    readiness: new Readiness(["listening"]),
  });
  const nats = await connectPlainNats(natsUrl);
  nats.subscribe(`${prefix}.${sharedChannel}`, {
    callback: (_error, message) => {
      contender.toAll({ channel: sharedChannel, payload: message.string() });
    },
  });
  nats.subscribe(`${prefix}.${ownChannels}.*`, {
    callback: (_error, message) => {
      const { subject } = message;
      const channel = subject.slice(prefix.length + 1);
      contender.toOne(subject.slice(subject.lastIndexOf(".") + 1), { channel, payload: message.string() });
    },
  });
  const port = await contender.listen();
  process.stdout.write(`${JSON.stringify({ msg: "listening", port, operationsPort: operations.port })}\n`);
  process.once("SIGTERM", () => {
    contender.close();
    closeMetrics();
    void Promise.all([operations.close(), nats.close()]);
  });
}
