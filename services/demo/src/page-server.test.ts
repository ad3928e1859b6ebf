import { request } from "node:http";
import { fileURLToPath } from "node:url";
import { createTokenVerifier, DEVELOPMENT_KEY } from "@tidegate/auth";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type PageServer, startPageServer } from "./page-server.ts";

const GATEWAYS = ["http://127.0.0.1:4080", "http://127.0.0.1:4081"];

let server: PageServer;
let ready = true;
let natsUp = true;
let said: { text: string; name: string | undefined }[] = [];

beforeEach(async () => {
  ready = true;
  natsUp = true;
  said = [];
  server = await startPageServer({
    host: "127.0.0.1",
    port: 0,
    pageDirectory: fileURLToPath(new URL("../page/", import.meta.url)),
    gateways: GATEWAYS,
    isReady: () => ready,
    say: (text, name) => {
      said.push({ text, name });
      return natsUp;
    },
    onError: (error) => {
      throw error;
    },
  });
});

afterEach(() => server.close());

interface RawAnswer {
  readonly status: number | undefined;
  readonly body: string;
}

/** `fetch` tidies addresses up; this sends them as they are. */
function getRaw(path: string): Promise<RawAnswer> {
  const { hostname, port } = new URL(server.address);
  return new Promise((resolve, reject) => {
    request({ hostname, port, path, agent: false }, (response) => {
      let body = "";
      response.setEncoding("utf8");
      response.on("data", (chunk: string) => {
        body += chunk;
      });
      response.on("end", () => resolve({ status: response.statusCode, body }));
    })
      .on("error", reject)
      .end();
  });
}

function post(path: string, body: unknown, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(server.address + path, {
    method: "POST",
    headers,
    body: typeof body === "string" ? body : JSON.stringify(body),
  });
}

describe("the page", () => {
  test.each([
    ["/", "text/html; charset=utf-8"],
    ["/index.html", "text/html; charset=utf-8"],
    ["/chat.js?v=1", "text/javascript; charset=utf-8"],
    ["/connection.js", "text/javascript; charset=utf-8"],
    ["/feeds.js", "text/javascript; charset=utf-8"],
    ["/chat.css", "text/css; charset=utf-8"],
    ["/icon.svg", "image/svg+xml"],
  ])("serves %s as %s, uncached", async (path, type) => {
    const response = await fetch(server.address + path);
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toBe(type);
    expect(response.headers.get("cache-control")).toBe("no-store");
    expect(response.headers.get("x-content-type-options")).toBe("nosniff");
    expect((await response.text()).length).toBeGreaterThan(100);
  });

  test("may load its own files and connect to its gateways, and nothing else", async () => {
    const response = await fetch(server.address);
    const policy = new Map(
      (response.headers.get("content-security-policy") ?? "")
        .split("; ")
        .map((rule): [string, string] => [rule.split(" ", 1)[0] ?? "", rule]),
    );
    expect(policy.get("default-src")).toBe("default-src 'none'");
    expect(policy.get("script-src")).toBe("script-src 'self'");
    expect(policy.get("connect-src")).toBe(
      "connect-src 'self' http://127.0.0.1:4080 ws://127.0.0.1:4080 http://127.0.0.1:4081 ws://127.0.0.1:4081",
    );
    // Without this the policy would break the page.
    expect(await response.text()).not.toMatch(/<script(?![^>]*\ssrc=)|\son\w+=|\sstyle=/);
  });

  test.each([
    "/../package.json",
    "/..%2fpackage.json",
    "/%2e%2e/package.json",
    "/..\\package.json",
    "/page/../../package.json",
    "//package.json",
    "/chat.js/../../package.json",
    "/./chat.js",
    "/chat.js%00.html",
    "/.",
    "/main.ts",
    "/%",
    "//",
  ])("does not leave its directory for %s", async (path) => {
    expect((await getRaw(path)).status).toBe(404);
  });

  test("answers HEAD without a body and refuses other methods", async () => {
    const head = await fetch(`${server.address}/chat.css`, { method: "HEAD" });
    expect(head.status).toBe(200);
    expect(Number(head.headers.get("content-length"))).toBeGreaterThan(100);
    expect(await head.text()).toBe("");
    expect((await post("/chat.css", {})).status).toBe(405);
    expect((await fetch(`${server.address}/token`)).status).toBe(405);
  });

  test("names the nodes and where they are", async () => {
    const html = await (await fetch(server.address)).text();
    expect(html).toContain('<option value="1" data-url="http://127.0.0.1:4080">n1</option>');
    expect(html).toContain('<option value="2" data-url="http://127.0.0.1:4081">n2</option>');
  });

  test("is ready when NATS is there, and alive in any case", async () => {
    expect((await fetch(`${server.address}/readyz`)).status).toBe(200);
    ready = false;
    expect((await fetch(`${server.address}/readyz`)).status).toBe(503);
    expect((await fetch(`${server.address}/livez`)).status).toBe(200);
  });
});

describe("a visitor's token", () => {
  test("is for the name asked for, an hour, and what the page does", async () => {
    const response = await post("/token", { name: "  Zoë  van Dam " });
    expect(response.status).toBe(200);
    const { token, expiresIn } = (await response.json()) as { token: string; expiresIn: number };
    expect(expiresIn).toBe(3600);
    const verified = await (
      await createTokenVerifier({ algorithms: ["HS256"], keys: [DEVELOPMENT_KEY] })
    ).verify(token);
    if (!verified.ok) {
      throw new Error(verified.message);
    }
    const { user, grants } = verified.identity;
    expect(user).toBe("Zoë van Dam");
    expect(grants.allows("subscribe", "chat.lobby", user)).toBe(true);
    expect(grants.allows("publish", "chat.lobby", user)).toBe(true);
    expect(grants.allows("history", "chat.lobby", user)).toBe(true);
    expect(grants.allows("subscribe", "feed.demo", user)).toBe(true);
    expect(grants.allows("history", "feed.demo", user)).toBe(true);
    expect(grants.allows("publish", "feed.demo", user)).toBe(false);
    expect(grants.allows("subscribe", "ticker.price", user)).toBe(true);
    expect(grants.allows("publish", "ticker.price", user)).toBe(false);
    expect(grants.allows("request", "demo.bot", user)).toBe(true);
  });

  test.each(["", "   ", "a".repeat(25), "-ada", "a\nb", "<b>", "ada\u202e", 7, null, undefined])(
    "is not given to %j, and the answer says why",
    async (name) => {
      const response = await post("/token", { name });
      expect(response.status).toBe(400);
      expect(await response.json()).toMatchObject({ message: expect.stringMatching(/1 to 24/) });
    },
  );

  test("is not given to pages of other sites", async () => {
    expect((await post("/token", { name: "ada" }, { origin: "https://evil.example" })).status).toBe(403);
    expect((await post("/token", { name: "ada" }, { origin: "null" })).status).toBe(403);
    expect((await post("/token", { name: "ada" }, { origin: server.address })).status).toBe(200);
  });

  test.each(["", "[]", "null", '"ada"', "{", "name=ada"])("is not given for the body %j", async (body) => {
    expect((await post("/token", body)).status).toBe(400);
  });

  test("is not given for a body without end", async () => {
    expect((await post("/token", { name: "a".repeat(10_000) })).status).toBe(413);
  });
});

describe("/say", () => {
  test("hands a line over", async () => {
    expect((await post("/say", { text: "hi", name: "curl" })).status).toBe(200);
    expect((await post("/say", { text: "hi" })).status).toBe(200);
    expect(said).toEqual([
      { text: "hi", name: "curl" },
      { text: "hi", name: undefined },
    ]);
  });

  test.each([{}, { text: " " }, { text: 1 }, { text: "x".repeat(2001) }, { text: "hi", name: "<b>" }])(
    "refuses %j",
    async (body) => {
      expect((await post("/say", body)).status).toBe(400);
      expect(said).toEqual([]);
    },
  );

  test("says when NATS is out of reach", async () => {
    natsUp = false;
    expect((await post("/say", { text: "hi" })).status).toBe(503);
  });
});
