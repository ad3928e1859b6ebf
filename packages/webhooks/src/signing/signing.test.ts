import fc from "fast-check";
import { Webhook as StandardWebhook } from "standardwebhooks";
import { Webhook as SvixWebhook } from "svix";
import { describe, expect, test } from "vitest";
import { signatureHeaders, signWebhook } from "./sign-webhook.ts";
import { verifyWebhook } from "./verify-webhook.ts";
import { generateSecret, parseSigningSecret, parseVerifyingSecret, publicKeyOf } from "./webhook-secret.ts";

/** Published with the specification. */
const VECTOR = {
  id: "msg_p5jXN8AQM9LWM0D4loKWxJek",
  timestamp: 1_614_265_330,
  body: Buffer.from('{"test": 2432232314}'),
};
const SYMMETRIC = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const SYMMETRIC_SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
const PRIVATE =
  "whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlX0dRqSKJp4AJ6p9lMicMFs6Kvg==";
const ASYMMETRIC_SIGNATURE =
  "v1a,hnO3f9T8Ytu9HwrXslvumlUpqtNVqkhqw/enGzPCXe5BdqzCInXqYXFymVJaA7AZdpXwVLPo3mNl8EM+m7TBAg==";

const now = VECTOR.timestamp * 1000;
const key = parseSigningSecret(SYMMETRIC);
const received = {
  id: VECTOR.id,
  timestamp: String(VECTOR.timestamp),
  signature: SYMMETRIC_SIGNATURE,
  body: VECTOR.body,
};

describe("the vectors of the specification", () => {
  test("are signed", () => {
    expect(signWebhook(VECTOR, [key])).toBe(SYMMETRIC_SIGNATURE);
    expect(signWebhook(VECTOR, [parseSigningSecret(PRIVATE)])).toBe(ASYMMETRIC_SIGNATURE);
  });

  test("are verified", () => {
    const pub = parseVerifyingSecret(publicKeyOf(PRIVATE) ?? "");
    const valid = { kind: "valid", id: VECTOR.id };
    expect(verifyWebhook(received, [parseVerifyingSecret(SYMMETRIC)], now)).toEqual(valid);
    expect(verifyWebhook({ ...received, signature: ASYMMETRIC_SIGNATURE }, [pub], now)).toEqual(valid);
  });
});

describe("the official packages", () => {
  const bodies = fc.string({ unit: "grapheme", maxLength: 200 });
  const oracles = [
    ["standardwebhooks", (secret: string) => new StandardWebhook(secret)],
    ["svix", (secret: string) => new SvixWebhook(secret)],
  ] as const;

  test.each(oracles)("%s accepts what is signed here, and the other way round", (_name, oracle) => {
    fc.assert(
      fc.property(bodies, fc.stringMatching(/^[A-Za-z0-9_]{1,40}$/), (text, id) => {
        const { secret } = generateSecret("v1");
        const body = Buffer.from(JSON.stringify(text));
        const timestamp = Math.floor(Date.now() / 1000);
        const headers = signatureHeaders({ id, timestamp, body }, [parseSigningSecret(secret)]);
        expect(() => oracle(secret).verify(body, { ...headers })).not.toThrow();

        const signature = oracle(secret).sign(id, new Date(timestamp * 1000), body);
        const verdict = verifyWebhook(
          { id, timestamp: String(timestamp), signature, body },
          [parseVerifyingSecret(secret)],
          timestamp * 1000,
        );
        expect(verdict.kind).toBe("valid");
      }),
      { numRuns: 50 },
    );
  });
});

describe("rotation", () => {
  test("signs with every key, and any of them is enough", () => {
    const secrets = [generateSecret("v1"), generateSecret("v1"), generateSecret("v1a")];
    const signature = signWebhook(
      VECTOR,
      secrets.map(({ secret }) => parseSigningSecret(secret)),
    );
    expect(signature.split(" ").map((part) => part.split(",")[0])).toEqual(["v1", "v1", "v1a"]);
    for (const { secret, publicKey } of secrets) {
      const one = parseVerifyingSecret(publicKey ?? secret);
      expect(verifyWebhook({ ...received, signature }, [one], now).kind).toBe("valid");
    }
    const stranger = parseVerifyingSecret(generateSecret("v1").secret);
    expect(verifyWebhook({ ...received, signature }, [stranger], now)).toEqual({
      kind: "refused",
      fault: "wrong_signature",
    });
  });

  test("accepts the old secret as long as it is listed", () => {
    const keys = [generateSecret("v1").secret, SYMMETRIC].map(parseVerifyingSecret);
    expect(verifyWebhook(received, keys, now).kind).toBe("valid");
  });
});

describe("what is refused", () => {
  const keys = [parseVerifyingSecret(SYMMETRIC)];

  test.each([
    ["no id", { id: undefined }, "missing_header"],
    ["no timestamp", { timestamp: undefined }, "missing_header"],
    ["no signature", { signature: undefined }, "missing_header"],
    ["a dot in the id", { id: "msg_1.2" }, "malformed_header"],
    ["a timestamp with letters behind it", { timestamp: `${VECTOR.timestamp}abc` }, "malformed_header"],
    ["a fraction of a second", { timestamp: `${VECTOR.timestamp}.5` }, "malformed_header"],
    ["more signatures than anyone needs", { signature: "v1,a ".repeat(40) }, "malformed_header"],
    ["another version", { signature: SYMMETRIC_SIGNATURE.replace("v1", "v2") }, "wrong_signature"],
    ["a signature of the wrong kind", { signature: ASYMMETRIC_SIGNATURE }, "wrong_signature"],
    ["an empty signature", { signature: "" }, "wrong_signature"],
    ["another body", { body: Buffer.from("{}") }, "wrong_signature"],
    ["another id", { id: "msg_other" }, "wrong_signature"],
    ["another time", { timestamp: String(VECTOR.timestamp + 1) }, "wrong_signature"],
  ])("%s", (_name, change, fault) => {
    expect(verifyWebhook({ ...received, ...change }, keys, now)).toEqual({ kind: "refused", fault });
  });

  test.each([
    [300, "valid", undefined],
    [301, "refused", "too_old"],
    [-300, "valid", undefined],
    [-301, "refused", "too_new"],
  ])("a clock that is %i seconds on: %s", (seconds, kind, fault) => {
    const verdict = verifyWebhook(received, keys, now + seconds * 1000);
    expect(verdict).toMatchObject(fault === undefined ? { kind } : { kind, fault });
  });

  test("anything at all, without a crash", () => {
    const text = fc.option(fc.string({ unit: "binary", maxLength: 300 }), { nil: undefined });
    const signature = fc.oneof(
      text,
      fc
        .array(fc.tuple(fc.constantFrom("v1", "v1a", "v2", ""), fc.base64String()), { maxLength: 5 })
        .map((parts) => parts.map((part) => part.join(",")).join(" ")),
    );
    const all = [...keys, parseVerifyingSecret(publicKeyOf(PRIVATE) ?? "")];
    fc.assert(
      fc.property(
        fc.oneof(text, fc.constant("msg_1")),
        fc.oneof(text, fc.constant(String(VECTOR.timestamp))),
        signature,
        fc.uint8Array({ maxLength: 50 }),
        (id, timestamp, given, body) => {
          expect(verifyWebhook({ id, timestamp, signature: given, body }, all, now).kind).toBe("refused");
        },
      ),
    );
  });

  test("any changed bit of the body", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 64 }), fc.nat(), (body, at) => {
        const content = { ...VECTOR, body };
        const signature = `${signWebhook(content, [key])} ${signWebhook(content, [parseSigningSecret(PRIVATE)])}`;
        const changed = Uint8Array.from(body);
        const index = at % body.length;
        changed[index] = (changed[index] ?? 0) ^ (1 << (at % 8));
        const all = [...keys, parseVerifyingSecret(publicKeyOf(PRIVATE) ?? "")];
        expect(verifyWebhook({ ...received, signature, body }, all, now).kind).toBe("valid");
        expect(verifyWebhook({ ...received, signature, body: changed }, all, now).kind).toBe("refused");
      }),
    );
  });
});

describe("signing refuses", () => {
  test.each([
    ["no keys", VECTOR, []],
    ["an id with a dot", { ...VECTOR, id: "a.b" }, [key]],
    ["an id with a line break", { ...VECTOR, id: "a\nb" }, [key]],
    ["an empty id", { ...VECTOR, id: "" }, [key]],
    ["milliseconds with a fraction", { ...VECTOR, timestamp: 1.5 }, [key]],
  ])("%s", (_name, content, keys) => {
    expect(() => signWebhook(content, keys)).toThrow(TypeError);
  });
});
