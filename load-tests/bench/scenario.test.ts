import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { OWN_CHANNELS, SCENARIO_NAMES, SCENARIOS, SHARED_CHANNEL } from "./scenario.ts";

const clientCounts = fc.integer({ min: 1, max: 30 });
const messageCounts = fc.integer({ min: 0, max: 200 });

describe.each(SCENARIO_NAMES)("the scenario %s", (name) => {
  const scenario = SCENARIOS[name];

  test("numbers the messages of each channel from 0 without a gap, and knows how many deliveries they are", () => {
    fc.assert(
      fc.property(clientCounts, messageCounts, (clients, messages) => {
        const byChannel = new Map<string, number[]>();
        for (let message = 0; message < messages; message += 1) {
          const channel = scenario.channelOfMessage(message, clients);
          const numbers = byChannel.get(channel) ?? [];
          numbers.push(scenario.sequenceOf(message, clients));
          byChannel.set(channel, numbers);
        }
        let deliveries = 0;
        for (let client = 0; client < clients; client += 1) {
          const channel = scenario.channel === "own" ? `${OWN_CHANNELS}.${client}` : SHARED_CHANNEL;
          const numbers = byChannel.get(channel) ?? [];
          expect(numbers).toEqual(numbers.map((_, index) => index));
          deliveries += numbers.length;
        }
        expect(scenario.deliveries(messages, clients)).toBe(deliveries);
      }),
    );
  });
});
