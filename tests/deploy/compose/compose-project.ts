import { relative } from "node:path";
import type { Environment } from "@tidegate/runtime";
import { at, listAt, type Manifest, recordAt, textAt } from "../manifest.ts";
import { loadProgramSettings, type ProgramSettings } from "../policy/program-settings.ts";
import { DOCKER } from "./compose-reader.ts";

type Settings = Extract<ProgramSettings["loaded"], { ok: true }>["settings"];

/** What the rules ask of a compose file, and of the files that it mounts. */
export class ComposeProject {
  readonly services: readonly ComposeService[];
  /** By name. */
  readonly volumes: readonly string[];
  readonly #readFile: (path: string) => string;

  /** @param readFile a file by its path from `deploy/docker`. */
  constructor(model: Manifest, readFile: (path: string) => string) {
    this.#readFile = readFile;
    this.volumes = Object.keys(recordAt(model, "volumes"));
    this.services = Object.entries(recordAt(model, "services")).map(
      ([name, definition]) => new ComposeService(name, recordAt(definition), readFile),
    );
  }

  named(name: string): ComposeService | undefined {
    return this.services.find((service) => service.name === name);
  }

  get natsServers(): readonly ComposeService[] {
    return this.services.filter(({ image }) => image.startsWith("nats:"));
  }

  /** A file of `deploy/docker`. */
  file(path: string): string {
    return this.#readFile(path);
  }
}

export class ComposeService {
  readonly name: string;
  readonly definition: Manifest;
  readonly #readFile: (path: string) => string;

  constructor(name: string, definition: Manifest, readFile: (path: string) => string) {
    this.name = name;
    this.definition = definition;
    this.#readFile = readFile;
  }

  get image(): string {
    return textAt(this.definition, "image");
  }

  /** Runs to its end instead of being kept running. */
  get isTask(): boolean {
    return at(this.definition, "restart") === "no";
  }

  get environment(): Environment {
    return Object.fromEntries(
      Object.entries(recordAt(this.definition, "environment")).map(([name, value]) => [name, String(value)]),
    );
  }

  /** The program of this repository that it runs; undefined for other images. */
  get program(): string | undefined {
    return listAt(this.definition, "command")
      .map(String)
      .find((word) => word.endsWith(".ts"));
  }

  /** @throws Error if a file that its variables name is not mounted. */
  get loaded(): ProgramSettings | undefined {
    return loadProgramSettings(this.program, {
      environment: this.environment,
      readConfig: (path) => this.mounted(path),
      readSecret: (path) => this.mounted(path),
    });
  }

  /** What its program will run with; undefined if that is refused, which is for a rule of its own. */
  get settings(): Settings | undefined {
    const loaded = this.loaded?.loaded;
    return loaded?.ok === true ? loaded.settings : undefined;
  }

  /** The text of the file at this path in the container. @throws Error if nothing is mounted there. */
  mounted(path: string): string {
    const mount = listAt(this.definition, "volumes").find((one) => at(one, "target") === path);
    if (at(mount, "type") !== "bind") throw new Error(`${this.name} has nothing at ${path}`);
    return this.#readFile(relative(DOCKER, textAt(mount, "source")));
  }

  /** Bytes that it may have in memory. */
  get memoryBytes(): number {
    return bytes(String(at(this.definition, "deploy", "resources", "limits", "memory")));
  }
}

const BYTES: Readonly<Record<string, number>> = { "": 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30 };

/** A size as Docker writes it, in powers of 1024 whatever the letter; NaN for anything else. */
function bytes(text: string): number {
  const [, digits = "", unit = ""] = /^(\d+)([kmg]?)b?$/i.exec(text) ?? [];
  return digits === "" ? Number.NaN : Number(digits) * (BYTES[unit.toLowerCase()] ?? Number.NaN);
}

/** A duration such as `1m30s` in seconds; NaN for anything else. */
export function seconds(text: string): number {
  const [whole = "", minutes = "0", rest = "0"] = /^(?:(\d+)m)?(?:(\d+)s)?$/.exec(text) ?? [];
  return whole === "" ? Number.NaN : Number(minutes) * 60 + Number(rest);
}
