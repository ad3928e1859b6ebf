import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { Environment } from "@tidegate/runtime";
import { beforeEach, expect, test } from "vitest";
import { type BareMachine, bareMachine, writeProgram } from "./bare-machine.fixture.ts";
import { locateNginx } from "./locate-nginx.ts";

let machine: BareMachine;
beforeEach(async () => {
  machine = await bareMachine();
});

const sayVersion = "echo 'nginx version: nginx/1.22.1' >&2";

const locate = (env: Environment = {}, progress: string[] = []) =>
  locateNginx({
    env: { PATH: machine.bin, ...env },
    cacheDir: join(machine.root, "cache"),
    usualPlaces: [join(machine.root, "sbin", "nginx")],
    onProgress: (message) => progress.push(message),
  });

/** What apt-get and dpkg-deb do, as far as it matters. The package holds a program with that script. */
async function installFakeDebian(apt: string, script = sayVersion): Promise<() => Promise<string>> {
  const program = await writeProgram(join(machine.root, "packed", "nginx"), script);
  await machine.writeAptGet(apt);
  await writeProgram(
    join(machine.bin, "dpkg-deb"),
    `command -p mkdir -p "$3/usr/sbin" && command -p cp '${program}' "$3/usr/sbin/nginx"`,
  );
  return machine.aptCalls;
}

const leavePackage = 'if [ "$1" = download ]; then : > nginx_1.22.1.deb; fi';

test("the variable comes before everything else, and is not passed over", async () => {
  await writeProgram(join(machine.bin, "nginx"), sayVersion);
  const own = await writeProgram(join(machine.root, "own", "nginx"), sayVersion);
  expect(await locate({ TIDEGATE_NGINX: own })).toBe(own);
  await expect(locate({ TIDEGATE_NGINX: join(machine.root, "none") })).rejects.toThrow(
    /nginx-missing: TIDEGATE_NGINX/,
  );
});

test("PATH comes before the usual places, and what is no nginx is passed over", async () => {
  const usual = await writeProgram(join(machine.root, "sbin", "nginx"), sayVersion);
  await writeProgram(join(machine.bin, "nginx"), "echo something else");
  expect(await locate()).toBe(usual);
  const path = await writeProgram(join(machine.bin, "nginx"), sayVersion);
  expect(await locate()).toBe(path);
});

test("Debian's package is taken apart, once", async () => {
  const calls = await installFakeDebian(leavePackage);
  const progress: string[] = [];
  const path = await locate({}, progress);
  expect(path.startsWith(join(machine.root, "cache", "nginx"))).toBe(true);
  expect(progress).toEqual(["downloading nginx with apt-get"]);
  expect(await locate()).toBe(path);
  expect(await calls()).toBe("download nginx\n");
});

test("lists of packages are brought up to date where the package is not found", async () => {
  const updated = join(machine.root, "updated");
  const calls = await installFakeDebian(
    `if [ "$1" = update ]; then : > '${updated}'; exit; fi; [ -e '${updated}' ] || exit 100; ${leavePackage}`,
  );
  await locate();
  expect(await calls()).toBe("download nginx\nupdate\ndownload nginx\n");
});

test("every way that failed is named", async () => {
  await writeProgram(join(machine.bin, "nginx"), "exit 3");
  await installFakeDebian("exit 100");
  const failure = locate();
  await expect(failure).rejects.toThrow(/^nginx-missing: found no nginx/);
  await expect(failure).rejects.toThrow(/bin\/nginx does not run/);
  await expect(failure).rejects.toThrow(/Debian's package: .*code 100/);
  await rm(join(machine.bin, "apt-get"));
  await rm(join(machine.bin, "nginx"));
  await expect(locate()).rejects.toThrow(/no apt-get/);
});

test("a package whose program does not run is said to", async () => {
  await installFakeDebian(leavePackage, "echo 'libpcre2 is missing' >&2; exit 127");
  await expect(locate()).rejects.toThrow(/does not run: .*code 127[\s\S]*libpcre2/);
});
