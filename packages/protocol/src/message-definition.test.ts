import { readdirSync } from "node:fs";
import { describe, expect, expectTypeOf, it } from "vitest";
import { CLIENT_MESSAGES, type ClientMessage } from "./client-messages.ts";
import { decodeClientMessage } from "./decode-client-message.ts";
import { fields, optional } from "./field.ts";
import { defineMessage, type MessageDefinition, type MessageOf } from "./message-definition.ts";
import { SERVER_MESSAGES, type ServerMessage } from "./server-messages.ts";

const ALL: readonly MessageDefinition[] = [...CLIENT_MESSAGES, ...SERVER_MESSAGES];

describe("the lists of messages", () => {
  it("hold every message that has a file, in its direction and once", async () => {
    const files = readdirSync(new URL("./messages/", import.meta.url));
    const defined = await Promise.all(
      files.map(async (file) => {
        const module = (await import(`./messages/${file.slice(0, -".ts".length)}.ts`)) as Readonly<
          Record<string, unknown>
        >;
        return Object.values(module);
      }),
    );
    expect(new Set(defined.flat())).toStrictEqual(new Set(ALL));
    expect(new Set(ALL).size).toBe(ALL.length);
    expect(CLIENT_MESSAGES.every((definition) => definition.direction === "client")).toBe(true);
    expect(SERVER_MESSAGES.every((definition) => definition.direction === "server")).toBe(true);
  });

  it("name each type once per direction", () => {
    for (const list of [CLIENT_MESSAGES, SERVER_MESSAGES]) {
      const types = list.map((definition) => definition.type);
      expect(types).toStrictEqual([...new Set(types)]);
    }
  });

  it("have unions of the same messages", () => {
    expectTypeOf<ClientMessage>().toEqualTypeOf<MessageOf<(typeof CLIENT_MESSAGES)[number]>>();
    expectTypeOf<ServerMessage>().toEqualTypeOf<MessageOf<(typeof SERVER_MESSAGES)[number]>>();
  });
});

describe.each(ALL.map((definition) => [`${definition.direction} ${definition.type}`, definition] as const))(
  "the %s message",
  (_name, definition) => {
    it("has an example that keeps to its own fields", () => {
      const { type, ...given } = definition.example;
      expect(type).toBe(definition.type);
      for (const [name, value] of Object.entries(given)) {
        expect(definition.fields[name]?.accepts(value), name).toBe(true);
      }
      for (const [name, field] of Object.entries(definition.fields)) {
        expect(field.optional || Object.hasOwn(given, name), name).toBe(true);
      }
    });

    it("documents itself and each field in sentences that fit a table", () => {
      const texts = [definition.summary, ...Object.values(definition.fields).map((field) => field.doc)];
      for (const text of texts) {
        expect(text).toMatch(/^\S[^\n|]*\.$/);
      }
    });
  },
);

describe("client messages", () => {
  it("have an id, so that each can be answered", () => {
    for (const definition of CLIENT_MESSAGES) {
      expect(definition.fields.id.optional, definition.type).toBe(false);
    }
  });

  it("have examples that decode", () => {
    for (const { example } of CLIENT_MESSAGES) {
      expect(decodeClientMessage(JSON.stringify(example))).toStrictEqual({ ok: true, message: example });
    }
  });
});

describe("MessageOf", () => {
  it("is the shape that the fields describe", () => {
    const definition = defineMessage({
      type: "sample",
      direction: "client",
      summary: "A sample.",
      fields: { id: fields.id("Id."), name: optional(fields.text("Name.")) },
      example: { type: "sample", id: 1 },
    });
    type Sample = MessageOf<typeof definition>;
    expectTypeOf<Sample["type"]>().toEqualTypeOf<"sample">();
    expectTypeOf<Sample["id"]>().toEqualTypeOf<number>();
    expectTypeOf<Sample["name"]>().toEqualTypeOf<string | undefined>();
    expectTypeOf<{ type: "sample"; id: 1 }>().toExtend<Sample>();
    expectTypeOf<{ type: "sample"; name: "x" }>().not.toExtend<Sample>();
    expect(definition.type).toBe("sample");
  });
});
