import { connectPlainNats, startNats } from "@tidegate/testkit";
import { expect, it, onTestFinished } from "vitest";
import { at } from "./manifest.ts";
import { readMetricUses } from "./metric-uses.ts";
import { isOfNatsExporter, sourceOf } from "./nats-exporter.ts";

const used = new Set(
  readMetricUses().flatMap(({ selectors }) => selectors.map(({ metric }) => metric).filter(isOfNatsExporter)),
);

it("NATS servers tell what the dashboard wants to know of them", async () => {
  const server = await startNats({ own: true, monitor: true });
  onTestFinished(() => server.stop());
  const backend = await connectPlainNats(server.url);
  onTestFinished(() => backend.close());
  const call = async (method: string, body: object) =>
    (await backend.request(`$JS.API.${method}`, JSON.stringify(body))).json<object>();
  await call("STREAM.CREATE.work", { name: "work", subjects: ["work"] });
  const config = { durable_name: "worker", ack_policy: "explicit" };
  await call("CONSUMER.DURABLE.CREATE.work.worker", { stream_name: "work", config });

  const read = async (path: string): Promise<unknown> =>
    await (await fetch(`${server.monitorUrl}${path}`)).json();
  const pages = { "/varz": await read("/varz"), "/jsz": await read("/jsz?consumers=true&config=true") };
  expect(used.size).toBeGreaterThan(8);
  const missing = [...used].filter((metric) => {
    const source = sourceOf(metric);
    return source === undefined || typeof at(pages[source.page], ...source.fields) !== "number";
  });
  expect(missing).toStrictEqual([]);
});
