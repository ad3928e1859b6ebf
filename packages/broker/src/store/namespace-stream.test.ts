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
  const waiting: ((answer: ApiAnswer) => void)[] = [];
  const api: Pick<JetStreamApi, "call"> = {
    call: () => new Promise((resolve) => waiting.push(resolve)),
  };
  const stream = new NamespaceStream({
    api: api as JetStreamApi,
    faults: new Faults((error) => errors.push(error)),
    spec,
    onStatus: () => {},
  });
  const answer = async (lastSequence: number): Promise<void> => {
    const state = { messages: 1, bytes: 1, first_seq: 1, last_seq: lastSequence };
    const created = "2026-01-01T00:00:00Z";
    waiting.shift()?.({ kind: "done", answer: { config: spec.config, created, state } });
    await Promise.resolve();
  };
  return { errors, stream, answer };
}

describe("NamespaceStream", () => {
  it("is not alarmed by an answer that is older than what was confirmed while it was on its way", async () => {
    const { errors, stream, answer } = fixture();
    for (const [asked, confirmed] of [
      [5, 6],
      [5, 7],
    ] as const) {
      const info = stream.info(0);
      stream.observe(confirmed);
      await answer(asked);
      await info;
    }
    expect(errors.map(({ message }) => message)).toStrictEqual([]);
  });

  it("reports a stream that ends before what it was known to have", async () => {
    const { errors, stream, answer } = fixture();
    for (const last of [5, 5]) {
      const info = stream.info(0);
      await answer(last);
      await info;
      stream.observe(last + 1);
    }
    const info = stream.info(0);
    await answer(5);
    await info;
    expect(errors.map(({ code }) => code)).toContain("stream_unfit");
  });
});
