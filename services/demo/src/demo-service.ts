import { fileURLToPath } from "node:url";
import { type BrokerOptions, connectBroker } from "@tidegate/broker";
import type { Logger, RunningService } from "@tidegate/runtime";
import { CallbackSender } from "./callback-sender.ts";
import type { DemoArguments } from "./demo-arguments.ts";
import { demoMethods } from "./demo-methods.ts";
import { FlakyEndpoint } from "./flaky-endpoint.ts";
import { NoticeBoard } from "./notice-board.ts";
import { startPageServer } from "./page-server.ts";
import { tick } from "./tick.ts";

const LOBBY = "chat.lobby";
const PAGE_DIRECTORY = fileURLToPath(new URL("../page/", import.meta.url));

/** Builds the demo backend and starts it: a broker, the methods, the ticker and the feed on it, and the page. */
export async function startDemoService(
  { gateways, hooks, webhookApi, host, port }: DemoArguments,
  brokerOptions: BrokerOptions,
  logger: Logger,
  signal: AbortSignal,
): Promise<RunningService> {
  const broker = await connectBroker(brokerOptions, signal);
  const publishing = new AbortController();
  const notices = new NoticeBoard(broker);
  const endpoint = webhookApi === undefined ? undefined : new FlakyEndpoint(webhookApi);
  const callbacks = hooks === undefined ? undefined : new CallbackSender(hooks);
  try {
    await endpoint?.start(publishing.signal);
    // A queue group, so that a second demo backend shares the work instead of answering everything twice.
    await broker.respond("demo.>", "demo", demoMethods(notices, callbacks, endpoint)).ready;
    tick(broker, publishing.signal);
    notices.run(publishing.signal);
    const page = await startPageServer({
      host,
      port,
      pageDirectory: PAGE_DIRECTORY,
      gateways,
      isReady: () => broker.state === "connected",
      say: (text, name) => {
        const payload = Buffer.from(JSON.stringify({ text, name }));
        return broker.publish(LOBBY, payload, { lane: "direct", event: "said" }) === "sent";
      },
      onError: (error) => logger.error({ err: error }, "a page request failed"),
    });
    logger.info({ address: page.address }, "the page is served");
    return {
      drain: async () => {
        publishing.abort();
        await page.close();
        await broker.drain();
      },
    };
  } catch (error) {
    publishing.abort();
    await broker.drain();
    throw error;
  }
}
