import { join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import { type BareMachine, bareMachine, writeProgram } from "./bare-machine.fixture.ts";
import { locateHaproxy } from "./locate-haproxy.ts";

let machine: BareMachine;
beforeEach(async () => {
  machine = await bareMachine();
});

/** What the tools of Debian do, as far as it matters: the program runs only with the first library, which needs the second. */
async function installFakeDebian(): Promise<() => Promise<string>> {
  const program = await writeProgram(
    join(machine.root, "packed", "haproxy"),
    'read -r word < "$LD_LIBRARY_PATH/libone.so" && echo "HAProxy version $word"',
  );
  await machine.writeAptGet(': > "$2_1.deb"');
  await writeProgram(
    join(machine.bin, "dpkg-deb"),
    `case "$1 $2" in
"--field haproxy_1.deb") echo "libc6 (>= 2.36), libone | libother, adduser";;
"--field libone_1.deb") echo "libtwo, libc6";;
"--extract haproxy_1.deb") command -p mkdir -p "$3/usr/sbin"; command -p cp '${program}' "$3/usr/sbin/haproxy";;
"--extract lib"*) command -p mkdir -p "$3/usr/lib/cpu-linux-gnu"; n=\${2%_1.deb}; echo 2.6 > "$3/usr/lib/cpu-linux-gnu/$n.so";;
esac`,
  );
  await writeProgram(
    join(machine.bin, "dpkg-query"),
    '[ "$4" = libc6 ] && echo installed || { echo not-installed; exit 1; }',
  );
  return machine.aptCalls;
}

const locate = () =>
  locateHaproxy({
    env: { PATH: machine.bin },
    cacheDir: join(machine.root, "cache"),
    usualPlaces: [],
    onProgress: () => {},
  });

test("Debian's package is taken apart, once, with the libraries that are not there", async () => {
  const calls = await installFakeDebian();
  const path = await locate();
  expect(path.startsWith(join(machine.root, "cache", "haproxy"))).toBe(true);
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
