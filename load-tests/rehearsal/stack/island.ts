import {
  endProcess,
  findOnPath,
  readEnvironment,
  runCommand,
  type SupervisedProcess,
  supervise,
  waitUntil,
} from "@tidegate/testkit";
import { LoadTestError } from "../../load-test-error.ts";

const READY = "ready";
const START_LIMIT_MS = 5000;
const COMMAND_LIMIT_MS = 5000;
const STOP_GRACE_MS = 1000;
/** Of addresses that no router passes on; two of them are used. */
const NETWORKS = 250;
/** A machine that is not there. */
const NOBODY = "02:00:00:00:00:99";

interface Programs {
  readonly ip: string;
  readonly nsenter: string;
}

/**
 * A network of its own for a node, with one link to this machine's. It is a namespace of a process that only waits, and is gone with
 * that process whatever happens.
 */
export class Island {
  /** This machine, as seen from the island. */
  readonly outside: string;
  /** The island, as seen from this machine. */
  readonly inside: string;
  /** What runs a program on the island, when the program and its arguments are added. */
  readonly runner: readonly string[];
  readonly #keeper: SupervisedProcess;
  readonly #programs: Programs;
  readonly #device: string;

  private constructor(keeper: SupervisedProcess, programs: Programs) {
    const network = `169.254.${1 + (keeper.pid % NETWORKS)}`;
    this.outside = `${network}.1`;
    this.inside = `${network}.2`;
    this.runner = [programs.nsenter, "--target", String(keeper.pid), "--net"];
    this.#keeper = keeper;
    this.#programs = programs;
    this.#device = `tg${keeper.pid}`;
  }

  /** @throws LoadTestError `tool_missing` where programs are missing, or networks may not be made. */
  static async rise(): Promise<Island> {
    const [unshare, nsenter, ip] = await Promise.all(["unshare", "nsenter", "ip"].map(find));
    const printed: string[] = [];
    const keeper = await supervise(
      unshare ?? "",
      ["--net", "/bin/sh", "-c", `echo ${READY} && exec sleep infinity`],
      { env: readEnvironment(), output: (line) => printed.push(line), keepsAlive: false },
    );
    const island = new Island(keeper, { ip: ip ?? "", nsenter: nsenter ?? "" });
    try {
      await waitUntil(() => printed.includes(READY), { timeoutMs: START_LIMIT_MS });
      await island.#connect();
      return island;
    } catch (cause) {
      await island.sink();
      const reasons = [...printed, cause instanceof Error ? cause.message : String(cause)];
      throw new LoadTestError("tool_missing", [NO_NETWORK, ...reasons].join("\n"), { cause });
    }
  }

  /** From now on nothing arrives, either way, and nobody is told. */
  async cutOff(): Promise<void> {
    await this.#ip("neighbour", "replace", this.inside, ...this.#astray(this.#device));
    await this.#ipInside("neighbour", "replace", this.outside, ...this.#astray(this.#innerDevice));
  }

  async rejoin(): Promise<void> {
    await this.#ip("neighbour", "delete", this.inside, "dev", this.#device);
    await this.#ipInside("neighbour", "delete", this.outside, "dev", this.#innerDevice);
  }

  /** Ends it, with the link to it. */
  async sink(): Promise<void> {
    await endProcess(this.#keeper, "SIGKILL", STOP_GRACE_MS);
  }

  async #connect(): Promise<void> {
    const [here, there] = [this.#device, this.#innerDevice];
    const namespace = ["netns", String(this.#keeper.pid)];
    await this.#ip("link", "add", here, "type", "veth", "peer", "name", there, ...namespace);
    await this.#ip("address", "add", `${this.outside}/30`, "dev", here);
    await this.#ip("link", "set", here, "up");
    await this.#ipInside("address", "add", `${this.inside}/30`, "dev", there);
    await this.#ipInside("link", "set", there, "up");
    await this.#ipInside("link", "set", "lo", "up");
  }

  get #innerDevice(): string {
    return `${this.#device}i`;
  }

  /** Frames go out to somebody who does not exist, which looks like a cable that was pulled somewhere on the way. */
  #astray(device: string): readonly string[] {
    return ["lladdr", NOBODY, "dev", device, "nud", "permanent"];
  }

  async #ip(...arguments_: readonly string[]): Promise<void> {
    await run([this.#programs.ip, ...arguments_]);
  }

  async #ipInside(...arguments_: readonly string[]): Promise<void> {
    await run([...this.runner, this.#programs.ip, ...arguments_]);
  }
}

const NO_NETWORK =
  "no network of one's own can be made, which partition needs: run it as root, in a container with CAP_SYS_ADMIN and CAP_NET_ADMIN. What was said:";

async function find(name: string): Promise<string> {
  const [path] = await findOnPath(name, readEnvironment());
  if (path === undefined) {
    throw new LoadTestError(
      "tool_missing",
      `there is no ${name} on PATH; it comes with util-linux or iproute2`,
    );
  }
  return path;
}

async function run([command = "", ...arguments_]: readonly string[]): Promise<void> {
  await runCommand(command, arguments_, { env: readEnvironment(), timeoutMs: COMMAND_LIMIT_MS });
}
