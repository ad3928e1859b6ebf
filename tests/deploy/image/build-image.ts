import { cp, mkdir, readdir, readFile, stat } from "node:fs/promises";
import { delimiter, dirname, join, posix } from "node:path";
import { readEnvironment, runCommand } from "@tidegate/testkit";
import {
  assignment,
  type Instruction,
  jsonWords,
  parseDockerfile,
  type Stage,
  substitute,
} from "./dockerfile.ts";
import { IgnoredPaths } from "./ignored-paths.ts";

/** What a Dockerfile makes. */
export interface BuiltImage {
  /** Where its file system lies; what the images below have in theirs is not there. */
  readonly root: string;
  readonly base: string;
  readonly workingDirectory: string;
  readonly user: string;
  readonly ports: readonly number[];
  readonly labels: ReadonlyMap<string, string>;
  readonly entrypoint: readonly string[];
  readonly command: readonly string[];
  readonly healthCheck: readonly string[];
}

interface BuildOptions {
  /** Path of the Dockerfile. */
  readonly dockerfile: string;
  /** The folder that it copies from, with a `.dockerignore`. */
  readonly context: string;
  /** An empty folder, in which each stage gets one of its own. */
  readonly target: string;
  /** The Node that stands for that of the base image. */
  readonly node: string;
}

interface Draft {
  readonly root: string;
  readonly base: string;
  workingDirectory: string;
  user: string;
  readonly variables: Map<string, string>;
  readonly labels: Map<string, string>;
  readonly ports: number[];
  entrypoint: readonly string[];
  command: readonly string[];
  healthCheck: readonly string[];
}

const RUN_TIMEOUT_MS = 5 * 60_000;
/** What an npm that runs us, and a test runner, say to their children and not to a build. */
const OF_OTHERS =
  /^(?:npm_(?:lifecycle|package|command|config_local_prefix|node_execpath|execpath)|NODE_|VITEST|INIT_CWD)/;

/**
 * Does what a Dockerfile says without a container engine: copies what it copies, and runs its commands in a folder that stands for
 * the file system. Commands must stay in their working directory, and need nothing of the base image but Node, npm and a shell.
 *
 * @throws TypeError for an instruction that it cannot carry out; TestkitError if a command fails.
 */
export async function buildImage(options: BuildOptions): Promise<BuiltImage> {
  const stages = parseDockerfile(await readFile(options.dockerfile, "utf8"));
  const ignored = new IgnoredPaths(await readFile(join(options.context, ".dockerignore"), "utf8"));
  const built = new Map<string, Draft>();
  let last: Draft | undefined;
  for (const [index, stage] of stages.entries()) {
    last = await buildStage(
      stage,
      { ...options, target: join(options.target, String(index)) },
      ignored,
      built,
    );
    built.set(stage.name ?? String(index), last);
  }
  if (last === undefined) throw new TypeError("a Dockerfile has a stage");
  return last;
}

async function buildStage(
  stage: Stage,
  options: BuildOptions,
  ignored: IgnoredPaths,
  built: ReadonlyMap<string, Draft>,
): Promise<Draft> {
  const draft: Draft = {
    root: options.target,
    base: stage.base,
    workingDirectory: "/",
    user: "root",
    variables: new Map(),
    labels: new Map(),
    ports: [],
    entrypoint: [],
    command: [],
    healthCheck: [],
  };
  await mkdir(draft.root, { recursive: true });
  for (const instruction of stage.instructions) {
    const { name, text } = instruction;
    if (name === "COPY") await copy(draft, instruction, options.context, ignored, built);
    else if (name === "RUN") await run(draft, text, options.node);
    else if (name === "WORKDIR") {
      draft.workingDirectory = posix.resolve(draft.workingDirectory, text);
      await mkdir(join(draft.root, draft.workingDirectory), { recursive: true });
    } else if (name === "ARG") {
      const [variable, value] = assignment(text);
      draft.variables.set(variable, value ?? stage.globals.get(variable) ?? "");
    } else declare(draft, instruction);
  }
  return draft;
}

/** What is only noted. */
function declare(draft: Draft, { name, text }: Instruction): void {
  switch (name) {
    case "LABEL":
      for (const [, label = "", value = ""] of text.matchAll(/(\S+)="([^"]*)"/g))
        draft.labels.set(label, substitute(value, draft.variables));
      return;
    case "EXPOSE":
      draft.ports.push(...text.split(/\s+/).map(Number));
      return;
    case "USER":
      draft.user = text;
      return;
    case "ENTRYPOINT":
      draft.entrypoint = jsonWords(text);
      return;
    case "CMD":
      draft.command = jsonWords(text);
      return;
    case "HEALTHCHECK":
      draft.healthCheck = jsonWords(text.replace(/^CMD\s+/, ""));
      return;
    default:
      throw new TypeError(`${name} is not known here`);
  }
}

async function run(draft: Draft, command: string, node: string): Promise<void> {
  const own = Object.entries(readEnvironment()).filter(([name]) => !OF_OTHERS.test(name));
  const env = Object.fromEntries(own);
  await runCommand("/bin/sh", ["-c", command], {
    env: {
      ...env,
      ...Object.fromEntries(draft.variables),
      PATH: [dirname(node), env["PATH"]].join(delimiter),
      // Whoever runs this has installed the same packages before.
      npm_config_prefer_offline: "true",
    },
    cwd: join(draft.root, draft.workingDirectory),
    timeoutMs: RUN_TIMEOUT_MS,
  });
}

async function copy(
  draft: Draft,
  { text, flags }: Instruction,
  context: string,
  ignored: IgnoredPaths,
  built: ReadonlyMap<string, Draft>,
): Promise<void> {
  const words = text.split(/\s+/);
  const target = words.pop() ?? "";
  const stage = flags.get("from");
  const from = stage === undefined ? context : built.get(stage)?.root;
  if (from === undefined) throw new TypeError(`there is no stage ${stage}`);
  for (const word of words) {
    const source = join(from, word);
    const isFolder = (await stat(source)).isDirectory();
    // The content of a folder, but a file under its own name where the target is a folder.
    const name = !isFolder && (target.endsWith("/") || words.length > 1) ? posix.basename(word) : "";
    const destination = join(draft.root, posix.resolve(draft.workingDirectory, target, name));
    if (stage !== undefined) await cp(source, destination, { recursive: true, verbatimSymlinks: true });
    else await copyFromContext(context, posix.normalize(word), destination, ignored);
  }
}

async function copyFromContext(
  context: string,
  path: string,
  destination: string,
  ignored: IgnoredPaths,
): Promise<void> {
  const source = join(context, path);
  if ((await stat(source)).isDirectory()) {
    if (ignored.hasAllOf(path)) return;
    for (const entry of await readdir(source))
      await copyFromContext(context, posix.join(path, entry), join(destination, entry), ignored);
    return;
  }
  if (ignored.has(path)) return;
  await mkdir(dirname(destination), { recursive: true });
  await cp(source, destination);
}
