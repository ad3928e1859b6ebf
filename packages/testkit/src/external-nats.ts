import { readNatsInfo } from "./nats-info.ts";
import type { NatsServer } from "./nats-server.ts";
import { isAcceptedNatsVersion, minimumNatsVersion } from "./nats-server-version.ts";
import { TestkitError } from "./testkit-error.ts";

const defaultNatsPort = 4222;
const answerTimeoutMs = 5000;

/**
 * A server that somebody else runs, after making sure that it answers and is new enough. The address may be a
 * list with commas; one member that answers is enough.
 *
 * @throws TestkitError `nats-unreachable`, without any credentials that the address contains.
 */
export async function useExternalNats(url: string): Promise<NatsServer> {
  const addresses = url.split(",").map(parseAddress);
  const names = addresses.map(({ host, port }) => `${host}:${port}`).join(", ");
  const infos = await Promise.all(
    addresses.map(({ host, port }) => readNatsInfo(host, port, answerTimeoutMs)),
  );
  const answers = infos.filter((info) => info !== undefined);
  if (answers.length === 0) {
    throw new TestkitError("nats-unreachable", `NATS_URL is set, but no NATS server answers at ${names}`);
  }
  const tooOld = answers.find(({ version }) => !isAcceptedNatsVersion(version));
  if (tooOld !== undefined) {
    throw new TestkitError(
      "nats-unreachable",
      `the server at ${names} is version ${tooOld.version}, at least ${minimumNatsVersion} is needed`,
    );
  }
  return {
    external: true,
    url,
    stop: async () => {},
    kill: () => refuse("kill"),
    restart: () => refuse("restart"),
    pause: () => refuse("pause"),
    resume: () => refuse("resume"),
    [Symbol.asyncDispose]: async () => {},
  };
}

function parseAddress(text: string): { host: string; port: number } {
  const address = text.trim();
  const url = URL.parse(address.includes("://") ? address : `nats://${address}`);
  if (url === null || url.hostname === "") {
    throw new TestkitError("nats-unreachable", "NATS_URL is not a list of addresses like nats://host:4222");
  }
  const host = url.hostname.replace(/^\[(.*)\]$/, "$1");
  return { host, port: url.port === "" ? defaultNatsPort : Number(url.port) };
}

async function refuse(what: string): Promise<never> {
  throw new TypeError(`cannot ${what} the server that NATS_URL names; start an own one with { own: true }`);
}
