import { describe, expect, it } from "vitest";
import { FakeNats } from "../testing/fake-nats.ts";
import { resolveBrokerOptions } from "./broker-options.ts";
import { Confirmations } from "./confirmations.ts";
import { Faults } from "./faults.ts";
import { Link } from "./link.ts";

const OPTIONS = resolveBrokerOptions({ servers: ["n1"], name: "n" });

function create() {
  const nats = new FakeNats();
  const link = new Link(nats.connection, OPTIONS, new Faults(OPTIONS.onError));
  return { nats, link, confirmations: new Confirmations(link) };
}

const nextTick = () => new Promise((resolve) => setImmediate(resolve));

describe("Confirmations", () => {
  it("shares one round trip among the callers of one tick", async () => {
    const { nats, confirmations } = create();
    const all = Promise.all([1, 2, 3].map(() => confirmations.confirm()));
    await Promise.resolve();
    const late = confirmations.confirm();
    await nextTick();
    expect(nats.flushes).toHaveLength(1);
    nats.flushes[0]?.resolve();
    await Promise.all([all, late]);
  });

  it("does not take a round trip that is under way for one that comes later", async () => {
    const { nats, confirmations } = create();
    const first = confirmations.confirm();
    await nextTick();
    let confirmed = false;
    const second = confirmations.confirm().then(() => {
      confirmed = true;
    });
    await nextTick();
    expect(nats.flushes).toHaveLength(2);
    nats.flushes[0]?.resolve();
    await first;
    await nextTick();
    expect(confirmed).toBe(false);
    nats.flushes[1]?.resolve();
    await second;
  });

  it("fails at once what a lost connection leaves open, sent or not", async () => {
    const { nats, confirmations } = create();
    const sent = confirmations.confirm();
    await nextTick();
    const gathering = confirmations.confirm();
    const outcomes = Promise.allSettled([sent, gathering]);
    await nats.emit({ type: "disconnect", server: "n1" });
    for (const outcome of await outcomes) {
      expect(outcome).toMatchObject({ status: "rejected", reason: { code: "unavailable" } });
    }
    await expect(confirmations.confirm()).rejects.toMatchObject({ code: "unavailable" });
    expect(nats.flushes.length).toBeLessThanOrEqual(2);
  });

  it("confirms again after a reconnect, and takes no answer of the old connection for it", async () => {
    const { nats, confirmations } = create();
    const lost = confirmations.confirm();
    await nextTick();
    const failed = expect(lost).rejects.toMatchObject({ code: "unavailable" });
    await nats.emit({ type: "disconnect", server: "n1" }, { type: "reconnect", server: "n1" });
    await failed;
    const again = confirmations.confirm();
    await nextTick();
    nats.flushes[0]?.resolve();
    expect(nats.flushes).toHaveLength(2);
    nats.flushes[1]?.resolve();
    await again;
  });

  it("rejects when the round trip itself fails", async () => {
    const { nats, link, confirmations } = create();
    const failing = confirmations.confirm();
    await nextTick();
    nats.flushes[0]?.reject(new Error("connection disconnected"));
    await expect(failing).rejects.toMatchObject({ code: "unavailable" });
    await link.close();
    await expect(confirmations.confirm()).rejects.toMatchObject({ code: "closed" });
  });
});
