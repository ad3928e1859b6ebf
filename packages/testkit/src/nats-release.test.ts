import { expect, test } from "vitest";
import { natsReleasePlatform, natsReleaseUrl, pinnedNatsReleaseSha256 } from "./nats-release.ts";

test.each([
  ["linux", "x64", "linux-amd64"],
  ["linux", "arm64", "linux-arm64"],
  ["darwin", "arm64", "darwin-arm64"],
  ["darwin", "x64", "darwin-amd64"],
  ["linux", "arm", "linux-arm7"],
  ["linux", "s390x", "linux-s390x"],
  ["freebsd", "x64", "freebsd-amd64"],
] as const)("%s on %s is %s", (platform, architecture, name) => {
  expect(natsReleasePlatform(platform, architecture)).toBe(name);
});

test.each([
  ["win32", "x64"],
  ["aix", "ppc64"],
  ["linux", "mips"],
  ["linux", "toString"],
] as const)("there is nothing to unpack for %s on %s", (platform, architecture) => {
  expect(natsReleasePlatform(platform, architecture)).toBeUndefined();
});

test("the address follows the layout of the releases, on whatever base", () => {
  const expected = "https://mirror.test/nats/v2.15.2/nats-server-v2.15.2-linux-amd64.tar.gz";
  expect(natsReleaseUrl("https://mirror.test/nats", "linux-amd64")).toBe(expected);
  expect(natsReleaseUrl("https://mirror.test/nats//", "linux-amd64")).toBe(expected);
});

test("what is pinned looks like a checksum of a known platform", () => {
  for (const [platform, sha256] of pinnedNatsReleaseSha256) {
    expect(platform).toMatch(/^[a-z]+-[a-z0-9]+$/);
    expect(sha256).toMatch(/^[0-9a-f]{64}$/);
  }
});
