import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { WebhooksError } from "../webhooks-error.ts";
import { KeyRing, keyIdOf } from "./key-ring.ts";

const keyTexts = fc
  .uniqueArray(
    fc.tuple(fc.stringMatching(/^[A-Za-z0-9_-]{1,32}$/), fc.uint8Array({ minLength: 32, maxLength: 32 })),
    {
      minLength: 2,
      maxLength: 4,
      selector: ([id]) => id,
    },
  )
  .map((keys) => keys.map(([id, bytes]) => `${id}:${Buffer.from(bytes).toString("base64")}`));
const place = fc.string({ maxLength: 40 });
const text = fc
  .string({ unit: "binary", maxLength: 200 })
  .map((value) => Buffer.from(value, "utf8").toString("utf8"));

describe("a key ring", () => {
  it("opens what it has sealed, with whichever of its keys that was", () => {
    fc.assert(
      fc.property(keyTexts, text, place, (keys, value, where) => {
        const sealed = new KeyRing(keys).seal(value, where);
        expect(new KeyRing(keys).open(sealed, where)).toEqual({ ok: true, text: value, isCurrent: true });
        const rotated = new KeyRing(keys.toReversed());
        expect(rotated.open(sealed, where)).toEqual({ ok: true, text: value, isCurrent: false });
      }),
    );
  });

  it("opens nothing that was changed, cut or lengthened", () => {
    fc.assert(
      fc.property(keyTexts, text, fc.nat(), fc.integer({ min: 1, max: 255 }), (keys, value, at, mask) => {
        const ring = new KeyRing(keys);
        const sealed = ring.seal(value, "here");
        const prefix = `v1.${keyIdOf(sealed)}.`;
        const body = Buffer.from(sealed.slice(prefix.length), "base64url");
        const changed = Buffer.from(body);
        changed[at % body.length] = (body[at % body.length] ?? 0) ^ mask;
        const others = [
          changed,
          body.subarray(0, at % body.length),
          Buffer.concat([body, Buffer.from([mask])]),
        ];
        for (const other of others) {
          expect(ring.open(prefix + other.toString("base64url"), "here").ok).toBe(false);
        }
        // The same bytes written otherwise, and other text around them.
        for (const other of [`${sealed}=`, ` ${sealed}`, sealed.replace("v1", "v2"), ""]) {
          expect(ring.open(other, "here")).toMatchObject({ ok: false, reason: "damaged" });
        }
      }),
    );
  });

  it("opens nothing in another place, under another id, or with another key of the same id", () => {
    fc.assert(
      fc.property(keyTexts, text, place, place, (keys, value, here, there) => {
        fc.pre(here !== there);
        const ring = new KeyRing(keys);
        const sealed = ring.seal(value, here);
        expect(ring.open(sealed, there)).toMatchObject({ ok: false, reason: "damaged" });
        const [first = "", second = ""] = keys.map((key) => key.slice(0, key.indexOf(":")));
        const renamed = sealed.replace(`v1.${first}.`, `v1.${second}.`);
        expect(ring.open(renamed, here)).toMatchObject({ ok: false, reason: "damaged", keyId: second });
        const missing = new KeyRing(keys.slice(1));
        expect(missing.open(sealed, here)).toEqual({ ok: false, reason: "key_missing", keyId: first });
        const wrong = new KeyRing([`${first}:${Buffer.alloc(32, 0xa5).toString("base64")}`]);
        expect(wrong.open(sealed, here)).toEqual({ ok: false, reason: "damaged", keyId: first });
      }),
    );
  });

  it("never seals the same twice alike", () => {
    const ring = new KeyRing([`k:${Buffer.alloc(32, 1).toString("base64")}`]);
    const sealed = Array.from({ length: 200 }, () => ring.seal("secret", "here"));
    expect(new Set(sealed).size).toBe(200);
  });

  const key = Buffer.alloc(32, 7).toString("base64");
  it.each([
    [[], "at least one"],
    [[`a:${key}`, `a:${key}`], "two keys have the id a"],
    [[`a:${key}`, key], "key 2 is not"],
    [[`a b:${key}`], "key 1 is not"],
    [[`a:${key.slice(4)}`], "key 1 is not"],
    [[`a:${key.replace("=", "")}`], "key 1 is not"],
  ])("is not made of %j", (keys, message) => {
    const make = () => new KeyRing(keys);
    expect(make).toThrow(WebhooksError);
    expect(make).toThrow(message);
    expect(make).not.toThrow(key);
  });
});
