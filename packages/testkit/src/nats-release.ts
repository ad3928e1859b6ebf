import { pinnedNatsVersion } from "./nats-server-version.ts";

/** Where the project publishes its archives; `TIDEGATE_NATS_RELEASE_BASE` points elsewhere, to a mirror. */
export const defaultNatsReleaseBase = "https://github.com/nats-io/nats-server/releases/download";

/**
 * SHA-256 of the release archives of the pinned version, by the platform part of their name ("linux-amd64").
 *
 * Only checksums that were compared with the SHA256SUMS file of the release belong here. A platform that is
 * missing is not downloaded for, unless `TIDEGATE_NATS_RELEASE_SHA256` states what to expect; it is built from
 * source instead, where the Go checksum database vouches for the module.
 */
export const pinnedNatsReleaseSha256: ReadonlyMap<string, string> = new Map();

const operatingSystems: Readonly<Partial<Record<NodeJS.Platform, string>>> = {
  darwin: "darwin",
  freebsd: "freebsd",
  linux: "linux",
};

const architectures: Readonly<Partial<Record<NodeJS.Architecture, string>>> = {
  arm: "arm7",
  arm64: "arm64",
  ia32: "386",
  loong64: "loong64",
  ppc64: "ppc64le",
  s390x: "s390x",
  x64: "amd64",
};

/**
 * The platform as release archives spell it, or undefined where there is none that we can unpack (Windows
 * archives are ZIP files).
 */
export function natsReleasePlatform(platform: NodeJS.Platform, architecture: string): string | undefined {
  const system = operatingSystems[platform];
  const machine = Object.hasOwn(architectures, architecture)
    ? architectures[architecture as NodeJS.Architecture]
    : undefined;
  return system === undefined || machine === undefined ? undefined : `${system}-${machine}`;
}

/** The address of the archive; inside, the server lies in a directory of the same name. */
export function natsReleaseUrl(base: string, platform: string): string {
  const name = `nats-server-v${pinnedNatsVersion}-${platform}`;
  return `${base.replace(/\/+$/, "")}/v${pinnedNatsVersion}/${name}.tar.gz`;
}
