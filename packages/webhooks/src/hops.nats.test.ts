import { startNats, waitUntil } from "@tidegate/testkit";
import { afterAll, expect, it } from "vitest";
import { makeEndpoint, startBackend, startEngine } from "../testing/webhook-world.ts";
import { openHooks } from "./inbound/hooks.fixture.ts";

const server = await startNats({ own: true });
afterAll(() => server.stop());

const SECRET = `whsec_${Buffer.alloc(24, 1).toString("base64")}`;

it("does not go round for ever where an endpoint delivers to a source that publishes to the endpoint's channel", async () => {
  await using backend = await startBackend(server.url, "rt");
  const source = { scheme: "standard", secrets: [SECRET], channel: "shop.loop" };
  const hooks = await openHooks(server, { hooks: { sources: { own: source } } });
  await using tide = await startEngine(server.url, { prefix: "rt" });
  const url = `http://127.0.0.1:${hooks.started.port}/hooks/own`;
  await tide.engine.store.create(makeEndpoint(url));
  await waitUntil(() => tide.engine.directory.size === 1);
  await backend.publish("shop.loop", '{"round":"and round"}');
  await waitUntil(async () => {
    const samples = await hooks.samples();
    return samples.get('tidegate_hooks_relayed_total{outcome="looping"}') === 1;
  });
  // Delivered three times, each time stored for the backends, and twice shown on the channel.
  const samples = await hooks.samples();
  expect(samples.get('tidegate_hooks_total{scheme="standard",outcome="stored"}')).toBe(3);
  expect(samples.get('tidegate_hooks_relayed_total{outcome="published"}')).toBe(2);
  expect((await tide.link.jsm.streams.info("rt_shop")).state.messages).toBe(3);
  expect(hooks.lines.join()).toContain("goes round");
});
