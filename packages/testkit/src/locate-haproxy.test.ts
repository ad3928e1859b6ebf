import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { beforeEach, expect, onTestFinished, test } from "vitest";
import { locateHaproxy } from "./locate-haproxy.ts";

let root: string;
let bin: string;

/** A machine of its own for every test, with nothing on it but what a shell script needs. */
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "tidegate-test-"));
  onTestFinished(() => rm(root, { recursive: true, force: true }));
  bin = join(root, "bin");
  await mkdir(bin);
});

async function writeProgram(path: string, script: string): Promise<string> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  return path;
}

/** What the tools of Debian do, as far as it matters: the program runs only with the first library, which needs the second. */
async function installFakeDebian(): Promise<() => Promise<string>> {
  const log = join(root, "apt.log");
  const program = await writeProgram(
    join(root, "packed", "haproxy"),
    'read -r word < "$LD_LIBRARY_PATH/libone.so" && echo "HAProxy version $word"',
  );
  await writeProgram(join(bin, "apt-get"), `echo "$*" >> '${log}'\n: > "$2_1.deb"`);
  await writeProgram(
    join(bin, "dpkg-deb"),
    `case "$1 $2" in
"--field haproxy_1.deb") echo "libc6 (>= 2.36), libone | libother, adduser";;
"--field libone_1.deb") echo "libtwo, libc6";;
"--extract haproxy_1.deb") command -p mkdir -p "$3/usr/sbin"; command -p cp '${program}' "$3/usr/sbin/haproxy";;
"--extract lib"*) command -p mkdir -p "$3/usr/lib/cpu-linux-gnu"; n=\${2%_1.deb}; echo 2.6 > "$3/usr/lib/cpu-linux-gnu/$n.so";;
esac`,
  );
  await writeProgram(
    join(bin, "dpkg-query"),
    '[ "$4" = libc6 ] && echo installed || { echo not-installed; exit 1; }',
  );
  return () => readFile(log, "utf8").catch(() => "");
}

const locate = () =>
  locateHaproxy({ env: { PATH: bin }, cacheDir: join(root, "cache"), usualPlaces: [], onProgress: () => {} });

test("Debian's package is taken apart, once, with the libraries that are not there", async () => {
  const calls = await installFakeDebian();
  const path = await locate();
  expect(path.startsWith(join(root, "cache", "haproxy"))).toBe(true);
  expect(await locate()).toBe(path);
  expect(await calls()).toBe("download haproxy\ndownload libone\ndownload libtwo\n");
});

test("one in the cache that does not run any more is made anew", async () => {
  const calls = await installFakeDebian();
  const path = await locate();
  await writeProgram(path, "exit 127");
  expect(await locate()).toBe(path);
  expect(await calls()).toContain("download haproxy\ndownload libone\ndownload libtwo\ndownload haproxy\n");
});

test("who has none and cannot install one is told what to do", async () => {
  await expect(locate()).rejects.toThrow(/^haproxy-missing: found no haproxy[\s\S]*TIDEGATE_HAPROXY/);
});
