import type { Msg } from "@nats-io/transport-node";
import { plainNatsHeaders } from "@tidegate/testkit";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Collector } from "../testing/collector.ts";
import { ownServer, plainClient } from "../testing/open-broker.ts";
import { HeaderReader } from "./header-reader.ts";
import { headerNames } from "./header-scan.ts";

const NAMES = headerNames("Tidegate-Event", "Tidegate-User");

describe("HeaderReader on real messages", () => {
  it("reads the bytes with the nats.js that is installed", async () => {
    const server = await ownServer();
    const client = await plainClient(server.url);
    const reader = new HeaderReader();
    const read = new Collector<unknown>();
    client.subscribe("x", { callback: (_, message) => read.push(reader.read(message, NAMES)) });
    client.publish("x", "payload");
    client.publish("x", "payload", { headers: plainNatsHeaders({ "Tidegate-User": "ann" }) });
    client.publish("x", "payload", { headers: plainNatsHeaders({ "Tidegate-User": "bob" }) });
    expect(await read.count(3)).toEqual([undefined, [undefined, "ann"], [undefined, "bob"]]);
    expect(reader.mode).toBe("scan");
  });

  it("reads the same as the public interface, whatever a publisher sends", async () => {
    const server = await ownServer();
    const client = await plainClient(server.url);
    const reader = new HeaderReader();
    const received = new Collector<{ scanned: unknown; expected: unknown }>();
    client.subscribe("x", {
      callback: (_, message: Msg) => {
        const expected = NAMES.map(({ name }) => message.headers?.last(name) || undefined);
        received.push({ scanned: reader.read(message, NAMES), expected });
      },
    });
    const name = fc.constantFrom("Tidegate-Event", "Tidegate-User", "tidegate-user", "Other");
    const value = fc
      .oneof(fc.string(), fc.string({ unit: "grapheme" }))
      .map((text) => text.replaceAll(/[\r\n]/g, ""));
    const blocks = fc.sample(fc.array(fc.tuple(name, value), { minLength: 1, maxLength: 6 }), {
      numRuns: 300,
      seed: 1,
    });
    for (const lines of blocks) {
      const headers = plainNatsHeaders({});
      for (const [key, text] of lines) headers.append(key, text);
      client.publish("x", "Tidegate-User: in the payload\r\n", { headers });
    }
    for (const { scanned, expected } of await received.count(blocks.length))
      expect(scanned).toEqual(expected);
    expect(reader.mode).toBe("scan");
  });
});
