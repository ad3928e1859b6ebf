import { waitUntil } from "@tidegate/testkit";
import { describe, expect, it } from "vitest";
import { HISTORY } from "../../testing/stream.ts";
import type { BrokerError } from "../broker-error.ts";
import { Faults } from "../faults.ts";
import type { ApiAnswer, JetStreamApi } from "./jetstream-api.ts";
import { NamespaceStream } from "./namespace-stream.ts";
import { streamSpec } from "./stream-spec.ts";

/** A stream whose leader answers when the test says so. */
function fixture() {
  const errors: BrokerError[] = [];
  const spec = streamSpec("rt", "chat", HISTORY);
  let calls = 0;
  const waiting: ((answer: ApiAnswer) => void)[] = [];
  const api: Pick<JetStreamApi, "read"> = {
    read: () => {
      calls += 1;
      return new Promise((resolve) => waiting.push(resolve));
    },
  };
  const stream = new NamespaceStream({
    api: api as JetStreamApi,
    faults: new Faults((error) => errors.push(error)),
    spec,
    onStatus: () => {},
  });
  const asked = () => waitUntil(() => waiting.length > 0, { message: "an inquiry", intervalMs: 1 });
  const answer = async (lastSequence: number): Promise<void> => {
    const state = { messages: 1, bytes: 1, first_seq: 1, last_seq: lastSequence };
    const created = "2026-01-01T00:00:00Z";
    waiting.shift()?.({ kind: "done", answer: { config: spec.config, created, state } });
    await Promise.resolve();
  };
  return { errors, stream, asked, answer, calls: () => calls };
}

describe("NamespaceStream", () => {
  it("is not alarmed by an answer that is older than what was confirmed while it was on its way", async () => {
    const { errors, stream, asked, answer } = fixture();
    for (const [last, confirmed] of [
      [5, 6],
      [5, 7],
    ] as const) {
      const info = stream.info(0);
      await asked();
      stream.observe(confirmed);
      await answer(last);
      await info;
    }
    expect(errors.map(({ message }) => message)).toStrictEqual([]);
  });

  it("reports a stream that ends before what it was known to have", async () => {
    const { errors, stream, asked, answer } = fixture();
    for (const last of [5, 5]) {
      const info = stream.info(0);
      await asked();
      await answer(last);
      await info;
      stream.observe(last + 1);
    }
    const info = stream.info(0);
    await asked();
    await answer(5);
    await info;
    expect(errors.map(({ code }) => code)).toContain("stream_unfit");
  });

  it("asks once for all who come within a short time, and not before they came", async () => {
    const { stream, asked, answer, calls } = fixture();
    const first = stream.info(0);
    const during = [stream.info(0), stream.info(0)];
    await answer(1);
    await first;
    const soonAfter = stream.info(0);
    expect(calls()).toBe(1);
    await asked();
    await answer(2);
    const states = await Promise.all([...during, soonAfter]);
    expect(states.map(({ lastSequence }) => lastSequence)).toStrictEqual([2, 2, 2]);
    expect(calls()).toBe(2);
  });
});
