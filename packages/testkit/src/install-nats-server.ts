import { mkdir, mkdtemp, readdir, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Environment } from "@tidegate/runtime";
import { downloadFile } from "./download-file.ts";
import { findOnPath } from "./find-on-path.ts";
import { installWithGo } from "./install-with-go.ts";
import {
  defaultNatsReleaseBase,
  natsReleasePlatform,
  natsReleaseUrl,
  pinnedNatsReleaseSha256,
} from "./nats-release.ts";
import { pinnedNatsVersion, readNatsVersion } from "./nats-server-version.ts";
import { runCommand } from "./run-command.ts";
import { TestkitError } from "./testkit-error.ts";

export interface InstallNatsOptions {
  readonly env: Environment;
  /** Where the binary goes, an absolute path inside the cache. */
  readonly target: string;
  readonly onProgress: (message: string) => void;
  readonly signal: AbortSignal | undefined;
}

/** Building takes 40 to 50 seconds on two cores with a warm module proxy. */
const buildTimeoutMs = 10 * 60_000;
const stagingPrefix = ".staging-";

/**
 * Downloads the official release archive, if its checksum is known, and puts the server at the target.
 *
 * @throws TestkitError `install-failed`; the target is untouched then.
 */
export async function installNatsFromRelease(options: InstallNatsOptions): Promise<void> {
  const { env, onProgress, signal } = options;
  const platform = natsReleasePlatform(process.platform, process.arch);
  if (platform === undefined) {
    throw new TestkitError("install-failed", `no usable archive for ${process.platform} on ${process.arch}`);
  }
  const sha256 = env["TIDEGATE_NATS_RELEASE_SHA256"] || pinnedNatsReleaseSha256.get(platform);
  if (sha256 === undefined) {
    throw new TestkitError(
      "install-failed",
      `no checksum is pinned for ${platform}; TIDEGATE_NATS_RELEASE_SHA256 can state it`,
    );
  }
  if (!/^[0-9a-f]{64}$/i.test(sha256)) {
    throw new TestkitError("install-failed", "TIDEGATE_NATS_RELEASE_SHA256 is not 64 hexadecimal digits");
  }
  const url = natsReleaseUrl(env["TIDEGATE_NATS_RELEASE_BASE"] || defaultNatsReleaseBase, platform);
  await installStaged(options, async (staging) => {
    onProgress(`downloading ${url}`);
    const archive = join(staging, "archive.tar.gz");
    await downloadFile(url, archive, {
      sha256,
      signal,
      onProgress: (done) => onProgress(`downloading nats-server ${pinnedNatsVersion}: ${done}`),
    });
    await runCommand("tar", ["-xzf", archive, "-C", staging], { env, timeoutMs: 60_000, signal });
    return join(staging, `nats-server-v${pinnedNatsVersion}-${platform}`, "nats-server");
  });
}

/**
 * Builds the pinned version with the Go toolchain on PATH and puts the server at the target. Only Go's own
 * module and build caches are written to besides.
 *
 * @throws TestkitError `install-failed` or `process-failed`; the target is untouched then.
 */
export async function installNatsWithGo(options: InstallNatsOptions): Promise<void> {
  const { env, onProgress, signal } = options;
  const [go] = await findOnPath("go", env);
  if (go === undefined) throw new TestkitError("install-failed", "Go is not on PATH");
  await installStaged(options, (staging) =>
    installWithGo({
      go,
      program: "nats-server",
      module: `github.com/nats-io/nats-server/v2@v${pinnedNatsVersion}`,
      title: `nats-server ${pinnedNatsVersion}`,
      takes: "a minute",
      directory: staging,
      env,
      timeoutMs: buildTimeoutMs,
      onProgress,
      signal,
    }),
  );
}

/**
 * Lets the installation work in a directory beside the target, tries what it made, and moves it into place in
 * one step: whoever finds a file at the target finds a whole and working one.
 */
async function installStaged(
  { env, target }: InstallNatsOptions,
  install: (staging: string) => Promise<string>,
): Promise<void> {
  const directory = dirname(target);
  await mkdir(directory, { recursive: true });
  // The caller holds the installation lock, so these are of installations that were killed.
  for (const name of await readdir(directory)) {
    if (name.startsWith(stagingPrefix)) await rm(join(directory, name), { recursive: true, force: true });
  }
  const staging = await mkdtemp(join(directory, stagingPrefix));
  try {
    const binary = await install(staging);
    const version = await readNatsVersion(binary, env);
    if (version !== pinnedNatsVersion) {
      throw new TestkitError(
        "install-failed",
        `got version ${version ?? "unknown"} instead of ${pinnedNatsVersion}`,
      );
    }
    await rename(binary, target);
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
}
