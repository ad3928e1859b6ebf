import { describe, expect, test } from "vitest";
import * as z from "zod";
import { defineSettings } from "./define-settings.ts";
import { describeSettings } from "./describe-settings.ts";
import { setting } from "./setting.ts";
import { bytes, decimal, flag, listOf, milliseconds, oneOf, port, text } from "./setting-schemas.ts";

const tree: z.ZodType = z.strictObject({
  leaf: z.number().describe("The leaf."),
  child: z
    .lazy(() => tree)
    .optional()
    .describe("The rest."),
});

const table = defineSettings({
  settings: [
    setting({ path: "listen.port", schema: port(), default: 8080, doc: "Where clients connect." }),
    setting({
      path: "limits.frameBytes",
      schema: bytes(),
      default: "64KiB",
      doc: "Largest frame.\n  Larger ones close.",
    }),
    setting({ path: "load.share", schema: decimal({ unit: "ratio" }), default: 0.5, doc: "A|B." }),
    setting({
      path: "log.level",
      schema: oneOf(["info", "debug"]),
      default: "info",
      doc: "How much to say.",
    }),
    setting({ path: "log.pretty", schema: flag(), default: false, doc: "For people.", env: "PRETTY" }),
    setting({ path: "origins", schema: listOf(text()), default: [], doc: "Who may." }),
    setting({ path: "servers", schema: listOf(text(), { min: 1 }), doc: "Where to connect." }),
    setting({ path: "region", schema: text().optional(), doc: "Where it runs." }),
    setting({ path: "secret", schema: text(), secret: true, doc: "The key." }),
    setting({
      path: "namespaces",
      schema: z.record(
        z.string(),
        z.strictObject({
          history: z
            .strictObject({ maxAgeMs: milliseconds().prefault("1h").describe("How long.") })
            .optional()
            .describe("Keeps messages."),
          publish: z.enum(["none", "direct"]).default("none").describe("Who may publish."),
          tags: z.array(z.string()).describe("Words."),
          mode: z
            .union([z.literal("off"), z.strictObject({ level: z.number().describe("How far.") })])
            .describe("A choice."),
        }),
      ),
      default: {},
      doc: "Policies.",
    }),
  ],
});

describe("describeSettings", () => {
  test("lists every setting and what is in its subtree", () => {
    expect(describeSettings(table)).toMatchInlineSnapshot(`
      "| Setting | Variable | Type | Default | Unit | Meaning |
      | --- | --- | --- | --- | --- | --- |
      | \`listen.port\` | \`TIDEGATE_LISTEN_PORT\` | port | \`8080\` | – | Where clients connect. |
      | \`limits.frameBytes\` | \`TIDEGATE_LIMITS_FRAME_BYTES\` | size | \`64KiB\` | bytes | Largest frame. Larger ones close. |
      | \`load.share\` | \`TIDEGATE_LOAD_SHARE\` | number | \`0.5\` | ratio | A\\|B. |
      | \`log.level\` | \`TIDEGATE_LOG_LEVEL\` | info \\| debug | \`info\` | – | How much to say. |
      | \`log.pretty\` | \`PRETTY\` | boolean | \`false\` | – | For people. |
      | \`origins\` | \`TIDEGATE_ORIGINS\` | list of text | \`[]\` | – | Who may. |
      | \`servers\` | \`TIDEGATE_SERVERS\` | list of text | required | – | Where to connect. |
      | \`region\` | \`TIDEGATE_REGION\` | text | – | – | Where it runs. |
      | \`secret\` | \`TIDEGATE_SECRET\` or \`TIDEGATE_SECRET_FILE\` | text | required | – | The key. |
      | \`namespaces\` | \`TIDEGATE_NAMESPACES\` | mapping | \`{}\` | – | Policies. |
      | \`namespaces.<name>.history\` | – | mapping | – | – | Keeps messages. |
      | \`namespaces.<name>.history.maxAgeMs\` | – | duration | \`1h\` | ms | How long. |
      | \`namespaces.<name>.publish\` | – | none \\| direct | \`none\` | – | Who may publish. |
      | \`namespaces.<name>.tags\` | – | list of text | required | – | Words. |
      | \`namespaces.<name>.mode\` | – | off \\| mapping | required | – | A choice. |
      | \`namespaces.<name>.mode.level\` | – | number | required | – | How far. |
      "
    `);
  });

  test("describes a schema that contains itself once", () => {
    const recursive = defineSettings({
      settings: [setting({ path: "tree", schema: tree.optional(), doc: "A tree." })],
    });
    expect(describeSettings(recursive).match(/`[^`]*(leaf|child)`/g)).toEqual([
      "`tree.leaf`",
      "`tree.child`",
    ]);
  });

  test("gives the same text every time", () => {
    expect(describeSettings(table)).toBe(describeSettings(table));
  });
});
