import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { SCENARIO_NAMES, SCENARIOS } from "./scenario.ts";

const clientCounts = fc.integer({ min: 1, max: 30 });
const messageCounts = fc.integer({ min: 0, max: 200 });

describe.each(SCENARIO_NAMES)("the scenario %s", (name) => {
  const scenario = SCENARIOS[name];

  test("numbers the messages of each channel from 0 without a gap, as many as its clients expect", () => {
    fc.assert(
      fc.property(clientCounts, messageCounts, (clients, messages) => {
        const byChannel = new Map<string, number[]>();
        for (let message = 0; message < messages; message += 1) {
          const channel = scenario.channelOfMessage(message, clients);
          const numbers = byChannel.get(channel) ?? [];
          numbers.push(scenario.sequenceOf(message, clients));
          byChannel.set(channel, numbers);
        }
        for (let client = 0; client < clients; client += 1) {
          const count = scenario.expectedBy(client, clients, messages);
          const numbers = byChannel.get(scenario.channelOf(client)) ?? [];
          expect(numbers).toEqual(Array.from({ length: count }, (_, number) => number));
        }
      }),
    );
  });
});
