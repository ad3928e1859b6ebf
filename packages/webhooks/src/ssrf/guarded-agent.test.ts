import { createServer } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import fc from "fast-check";
import { request } from "undici";
import { afterAll, describe, expect, it } from "vitest";
import { AddressPolicy } from "./address-policy.ts";
import { isDestinationError } from "./destination-error.ts";
import { guardedAgent } from "./guarded-agent.ts";
import type { Resolve } from "./resolver.ts";
import { urlProblem } from "./url-policy.ts";

let hits = 0;
const sink = createServer((incoming, response) => {
  hits += 1;
  if (incoming.url === "/redirect")
    response.writeHead(302, { location: `http://127.0.0.1:${port}/elsewhere` });
  response.end();
});
await new Promise<void>((resolve) => sink.listen(0, resolve));
const { port } = sink.address() as AddressInfo;
afterAll(() => {
  sink.closeAllConnections();
  sink.close();
});

const nowhere: Resolve = async () => [];

async function attempt(url: string, resolve: Resolve, allowed: readonly string[] = []) {
  const agent = guardedAgent({ addresses: new AddressPolicy(allowed), resolve, connectTimeoutMs: 2_000 });
  try {
    const { statusCode, body } = await request(url, { dispatcher: agent, method: "POST", body: "{}" });
    await body.dump();
    return statusCode;
  } catch (error) {
    return isDestinationError(error) ? "refused" : String(error);
  } finally {
    await agent.destroy();
  }
}

/** Every way to write this machine, private networks and metadata services that was found. */
const LITERALS = [
  "127.0.0.1",
  "127.1",
  "2130706433",
  "0x7f000001",
  "0x7f.1",
  "0177.0.0.1",
  "0.0.0.0",
  "[::1]",
  "[::]",
  "[::ffff:127.0.0.1]",
  "[::ffff:7f00:1]",
  "[::7f00:1]",
  "[64:ff9b::7f00:1]",
  "[64:ff9b:1::7f00:1]",
  "[2002:7f00:1::]",
  "[2001:0:7f00:1::]",
  "10.0.0.1",
  "172.16.0.1",
  "192.168.1.1",
  "169.254.169.254",
  "100.64.0.1",
  "198.18.0.1",
  "240.0.0.1",
  "255.255.255.255",
  "224.0.0.1",
  "192.0.2.1",
  "168.63.129.16",
  "[fd00:ec2::254]",
  "[fe80::1]",
  "[fec0::1]",
  "[ff02::1]",
  "[100::1]",
  "[3fff::1]",
  "[5f00::1]",
  "①②⑦.⓪.⓪.①",
];

describe("a destination that is not public", () => {
  it.each(LITERALS)("is refused as a literal: %s", async (host) => {
    const before = hits;
    expect(await attempt(`http://${host}:${port}/`, nowhere)).toBe("refused");
    expect(hits).toBe(before);
    const rules = { allowHttp: true, ports: [], addresses: new AddressPolicy([]) };
    expect(urlProblem(`http://${host}:${port}/`, rules)).toBe("names a destination that is not allowed");
  });

  it.each(LITERALS.filter((host) => /^[\d.]+$|^\[/.test(host) && !/^\d+$/.test(host)))(
    "is refused as the answer of DNS: %s",
    async (host) => {
      const address = host.replace(/[[\]]/g, "");
      const resolve: Resolve = async () => [{ address, family: address.includes(":") ? 6 : 4 }];
      expect(await attempt(`http://hooks.example:${port}/`, resolve)).toBe("refused");
    },
  );

  it("is refused for all addresses of a name if it is one of them", async () => {
    const resolve: Resolve = async () => [
      { address: "93.184.216.34", family: 4 },
      { address: "127.0.0.1", family: 4 },
    ];
    expect(await attempt(`http://hooks.example:${port}/`, resolve)).toBe("refused");
  });

  it("is refused over TLS as well", async () => {
    const resolve: Resolve = async () => [{ address: "127.0.0.1", family: 4 }];
    expect(await attempt(`https://hooks.example:${port}/`, resolve)).toBe("refused");
    expect(await attempt(`https://127.0.0.1:${port}/`, resolve)).toBe("refused");
  });

  it("cannot be reached by a name that resolves to something else from one moment to the next", async () => {
    let asked = 0;
    // The first stands for a public address. Whoever asked again after judging it would get the second.
    const rebinding: Resolve = async () => {
      asked += 1;
      return [{ address: asked % 2 === 1 ? "127.0.0.2" : "127.0.0.1", family: 4 }];
    };
    const reachedAt = new Set<string | undefined>();
    const note = (socket: Socket) => reachedAt.add(socket.localAddress?.replace("::ffff:", ""));
    sink.on("connection", note);
    for (let round = 0; round < 4; round += 1) {
      const outcome = await attempt(`http://hooks.example:${port}/`, rebinding, ["127.0.0.2/32"]);
      expect(outcome).toBe(round % 2 === 0 ? 200 : "refused");
    }
    sink.off("connection", note);
    expect([...reachedAt]).toEqual(["127.0.0.2"]);
    expect(asked).toBe(4);
  });
});

describe("an allowed destination", () => {
  const local: Resolve = async () => [{ address: "127.0.0.1", family: 4 }];

  it("is connected to", async () => {
    expect(await attempt(`http://hooks.example:${port}/`, local, ["127.0.0.0/8"])).toBe(200);
    expect(await attempt(`http://127.0.0.1:${port}/`, nowhere, ["127.0.0.0/8"])).toBe(200);
    expect(await attempt(`http://[::ffff:127.0.0.1]:${port}/`, nowhere, ["::ffff:127.0.0.0/104"])).toBe(200);
  });

  it("is not followed where it redirects to", async () => {
    const before = hits;
    expect(await attempt(`http://hooks.example:${port}/redirect`, local, ["127.0.0.0/8"])).toBe(302);
    expect(hits).toBe(before + 1);
  });

  it("allows no more than the networks that are listed", async () => {
    expect(await attempt(`http://127.0.0.1:${port}/`, nowhere, ["10.0.0.0/8"])).toBe("refused");
    expect(() => new AddressPolicy(["10.0.0.0"])).toThrow(/10\.0\.0\.0.*is not a network/);
  });
});

describe("the address policy", () => {
  it("takes public addresses", () => {
    const policy = new AddressPolicy([]);
    for (const address of ["1.1.1.1", "93.184.216.34", "2606:4700::1111"])
      expect(policy.allows(address)).toBe(true);
  });

  it("never throws, and refuses what is no address", () => {
    const policy = new AddressPolicy([]);
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(typeof policy.allows(text)).toBe("boolean");
      }),
    );
    expect(policy.allows("")).toBe(false);
  });

  it("judges an IPv4 address alike in both families", () => {
    const policy = new AddressPolicy([]);
    fc.assert(
      fc.property(fc.ipV4(), (address) => policy.allows(`::ffff:${address}`) === policy.allows(address)),
    );
  });
});

describe("the URL of an endpoint", () => {
  const rules = { allowHttp: false, ports: [443, 8443], addresses: new AddressPolicy([]) };

  it.each([
    ["http://hooks.example/", /https/],
    ["ftp://hooks.example/", /https/],
    ["https://user:pass@hooks.example/", /user or password/],
    ["https://hooks.example:22/", /ports 443, 8443/],
    ["https://hooks.example/#part", /fragment/],
    ["https://", /not a URL/],
    [`https://hooks.example/${"a".repeat(2_048)}`, /longer/],
  ])("%s is refused", (url, reason) => {
    expect(urlProblem(url, rules)).toMatch(reason);
  });

  it("is taken with scheme and port that are allowed", () => {
    expect(urlProblem("https://hooks.example:8443/a?b=c", rules)).toBeUndefined();
    expect(urlProblem("https://1.1.1.1/", rules)).toBeUndefined();
  });
});
