import { readFileSync, writeFileSync } from "node:fs";

/**
 * Adds to package-lock.json the optional platform packages that the registry in use did not offer.
 *
 * Native tools come as one optional package per platform. Behind a mirror that carries only some of them, npm leaves the
 * others out of the lock, and `npm ci` then refuses it everywhere. What is added has no integrity hash, since the package
 * was not seen; npm installs it only on its own platform. Run after every `npm install` behind such a mirror.
 */
interface LockedPackage {
  readonly version?: string;
  readonly dev?: boolean;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly [field: string]: unknown;
}

const LOCK = new URL("../package-lock.json", import.meta.url);
const SYSTEMS = [
  "android",
  "darwin",
  "freebsd",
  "linux",
  "netbsd",
  "openbsd",
  "openharmony",
  "sunos",
  "win32",
  "aix",
];
const PROCESSORS: readonly (readonly [part: string, cpu: string])[] = [
  ["arm64", "arm64"],
  ["aarch64", "arm64"],
  ["x64", "x64"],
  ["x86_64", "x64"],
  ["ia32", "ia32"],
  ["armv7", "arm"],
  ["arm", "arm"],
  ["ppc64le", "ppc64"],
  ["ppc64", "ppc64"],
  ["riscv64", "riscv64"],
  ["s390x", "s390x"],
  ["loong64", "loong64"],
  ["mips64el", "mips64el"],
  ["wasm32", "wasm32"],
];

/** The platform that a package's name tells; a name that tells none keeps to a system that does not exist. */
function platformOf(name: string): Readonly<Record<string, unknown>> {
  const parts = name.split(/[-/]/);
  const os = name === "fsevents" ? "darwin" : SYSTEMS.find((system) => parts.includes(system));
  const cpu = PROCESSORS.find(([part]) => parts.includes(part))?.[1];
  const libc = parts.includes("musl") ? "musl" : parts.includes("gnu") ? "glibc" : undefined;
  return {
    ...(cpu === undefined ? {} : { cpu: [cpu] }),
    ...(libc === undefined ? {} : { libc: [libc] }),
    os: [os ?? "none"],
  };
}

const lock = JSON.parse(readFileSync(LOCK, "utf8")) as { packages: Record<string, LockedPackage> };
const added: string[] = [];
for (const owner of Object.values(lock.packages)) {
  for (const [name, version] of Object.entries(owner.optionalDependencies ?? {})) {
    const path = `node_modules/${name}`;
    if (lock.packages[path] === undefined && /^\d/.test(version)) {
      lock.packages[path] = {
        version,
        ...(owner.dev === true ? { dev: true } : {}),
        optional: true,
        ...platformOf(name),
      };
      added.push(name);
    }
  }
}
const packages = Object.fromEntries(
  Object.entries(lock.packages).sort(([one], [other]) => (one < other ? -1 : 1)),
);
writeFileSync(LOCK, `${JSON.stringify({ ...lock, packages }, null, 2)}\n`);
process.stdout.write(`${added.length} packages added\n`);
