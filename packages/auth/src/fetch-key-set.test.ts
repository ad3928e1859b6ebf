import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { fetchKeySet, type KeySetRequest } from "./fetch-key-set.ts";
import { type KeySetServer, startKeySetServer } from "./key-set-server.fixture.ts";

const NEVER = new AbortController().signal;
const KEY = { kty: "EC", crv: "P-256", x: "x", y: "y" };

let server: KeySetServer;

beforeEach(async () => {
  server = await startKeySetServer();
});

afterEach(async () => {
  await server.stop();
});

function request(changes: Partial<KeySetRequest> = {}): KeySetRequest {
  return { url: server.url, timeoutMs: 10_000, maxBytes: 10_000, maxKeys: 4, ...changes };
}

function body(text: string | Buffer, status = 200): void {
  server.answer((_request, response) => response.writeHead(status).end(text));
}

async function failureOf(changes: Partial<KeySetRequest> = {}): Promise<string> {
  const fetched = await fetchKeySet(request(changes), fetch, NEVER);
  return fetched.ok ? "fetched" : fetched.error.code;
}

describe("fetchKeySet", () => {
  it("returns the keys as they came", async () => {
    server.serve([KEY, { kty: "unknown" }]);
    expect(await fetchKeySet(request(), fetch, NEVER)).toEqual({ ok: true, keys: [KEY, { kty: "unknown" }] });
  });

  it("asks for JSON and sends nothing else of note", async () => {
    server.answer((incoming, response) => {
      expect(incoming.method).toBe("GET");
      expect(incoming.headers.accept).toContain("application/jwk-set+json");
      expect(incoming.headers.authorization).toBeUndefined();
      response.end('{"keys":[]}');
    });
    expect(await failureOf()).toBe("fetched");
  });

  it.each([
    ["an HTML page", "<!doctype html><title>Sign in</title>"],
    ["nothing", ""],
    ["a list", "[]"],
    ["null", "null"],
    ["an object without keys", "{}"],
    ["keys that are no list", '{"keys":{}}'],
    ["a key that is no object", '{"keys":[{},"key"]}'],
    ["a key that is a list", '{"keys":[[]]}'],
    ["keys on the prototype only", '{"__proto__":{"keys":[]}}'],
    ["half an answer", '{"keys":['],
    ["malformed UTF-8", Buffer.from('{"keys":[{"kid":"\xff"}]}', "latin1")],
    ["endless nesting", "[".repeat(9_000)],
  ])("refuses %s", async (_name, text) => {
    body(text);
    expect(await failureOf()).toBe("malformed");
  });

  it.each([201, 204, 304, 401, 404, 500, 503])("refuses the status %i", async (status) => {
    body(status === 204 || status === 304 ? "" : '{"keys":[]}', status);
    expect(await failureOf()).toBe(status === 304 ? "redirected" : "status");
  });

  it("does not follow a redirect, not even to itself", async () => {
    server.answer((incoming, response) => {
      response.writeHead(302, { location: `http://${incoming.headers.host}/elsewhere` }).end();
    });
    expect(await failureOf()).toBe("redirected");
    expect(server.requests).toBe(1);
  });

  it("recognises a redirect whose status is hidden", async () => {
    const hidden = Object.defineProperty(Response.error(), "type", { value: "opaqueredirect" });
    const fetched = await fetchKeySet(request(), async () => hidden, NEVER);
    expect(fetched).toMatchObject({ error: { code: "redirected" } });
  });

  it("refuses more keys than allowed, even if some are of no use", async () => {
    server.serve([KEY, {}, {}, {}]);
    expect(await failureOf()).toBe("fetched");
    server.serve([KEY, {}, {}, {}, {}]);
    expect(await failureOf()).toBe("too_many_keys");
  });

  it("refuses a long answer by its announced length, without reading it", async () => {
    server.answer((_request, response) => {
      response.writeHead(200, { "content-length": "10001" }).flushHeaders();
    });
    expect(await failureOf()).toBe("too_large");
  });

  it("stops reading an endless answer at the limit", async () => {
    let closed: Promise<void> | undefined;
    server.answer((_request, response) => {
      closed = new Promise((resolve) => response.once("close", resolve));
      const more = (): void => {
        while (!response.destroyed && response.write("x".repeat(1_000))) {}
      };
      response.on("drain", more);
      more();
    });
    expect(await failureOf()).toBe("too_large");
    await closed;
  });

  it("accepts an answer of exactly the limit", async () => {
    body('{"keys":[]}'.padEnd(10_000));
    expect(await failureOf()).toBe("fetched");
    body('{"keys":[]}'.padEnd(10_001));
    expect(await failureOf()).toBe("too_large");
  });

  it("gives up on an endpoint that does not answer", async () => {
    server.answer(() => {});
    expect(await failureOf({ timeoutMs: 20 })).toBe("timeout");
  });

  it("gives up on an answer that does not end", async () => {
    server.answer((_request, response) => response.writeHead(200).write('{"keys":'));
    expect(await failureOf({ timeoutMs: 50 })).toBe("timeout");
  });

  it("says why there is no connection", async () => {
    await server.stop();
    expect(await fetchKeySet(request(), fetch, NEVER)).toEqual({
      ok: false,
      error: { code: "network", message: "ECONNREFUSED" },
    });
  });

  it("notices a connection that breaks in the middle", async () => {
    server.answer((_request, response) => {
      response.writeHead(200, { "content-length": "100" });
      response.write('{"keys":', () => response.destroy());
    });
    expect(await failureOf()).toBe("network");
  });

  it("ends when it is aborted", async () => {
    const controller = new AbortController();
    server.answer(() => controller.abort());
    const fetched = await fetchKeySet(request(), fetch, controller.signal);
    expect(fetched).toMatchObject({ ok: false, error: { code: "network" } });
  });

  it("repeats nothing of what the server or a failing fetch said", async () => {
    const secret = new Error("password=hunter2", { cause: Object.assign(new Error(), { code: "hunter2" }) });
    const fetched = await fetchKeySet(request(), () => Promise.reject(secret), NEVER);
    expect(fetched).toEqual({ ok: false, error: { code: "network", message: "the connection failed" } });
  });
});
