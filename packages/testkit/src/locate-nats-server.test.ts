import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { createServer, type RequestListener } from "node:http";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import { type Environment, readEnvironment } from "@tidegate/runtime";
import { beforeEach, expect, onTestFinished, test } from "vitest";
import { findOnPath } from "./find-on-path.ts";
import { locateNatsServer } from "./locate-nats-server.ts";
import { natsReleasePlatform } from "./nats-release.ts";
import { startParentToKill } from "./parent-to-kill.ts";
import { isProcessAlive } from "./process-state.ts";
import { waitUntil } from "./wait-until.ts";

const platform = natsReleasePlatform(process.platform, process.arch) ?? "";
const nobody = "http://127.0.0.1:1";

interface Machine {
  readonly root: string;
  /** The only directory on PATH. */
  readonly bin: string;
  readonly cached: string;
  readonly env: Environment;
}

let machine: Machine;

/** A machine of its own for every test: nothing on PATH but what unpacking needs, and no way to the internet. */
beforeEach(async () => {
  const root = await mkdtemp(join(tmpdir(), "tidegate-test-"));
  onTestFinished(() => rm(root, { recursive: true, force: true }));
  const bin = join(root, "bin");
  await mkdir(bin);
  for (const tool of ["tar", "gzip"]) {
    const [path] = await findOnPath(tool, readEnvironment());
    if (path !== undefined) await symlink(path, join(bin, tool));
  }
  const cached = join(root, "cache/nats-server/2.15.2", `${process.platform}-${process.arch}`, "nats-server");
  const env = { PATH: bin, TIDEGATE_CACHE_DIR: join(root, "cache"), TIDEGATE_NATS_RELEASE_BASE: nobody };
  machine = { root, bin, cached, env };
});

async function writeServer(path: string, version: string): Promise<void> {
  await mkdir(join(path, ".."), { recursive: true });
  await writeFile(path, `#!/bin/sh\necho "nats-server: v${version}"\n`, { mode: 0o755 });
}

/** A Go that notes its calls and "builds" a server of the given version. */
async function installFakeGo(version: string, before = ""): Promise<() => Promise<string>> {
  const log = join(machine.root, "go.log");
  await writeFile(
    join(machine.bin, "go"),
    [
      "#!/bin/sh",
      `echo "$$ $* CGO=$CGO_ENABLED GOOS=$GOOS" >> '${log}'`,
      before,
      `printf '#!/bin/sh\\necho nats-server: v${version}\\n' > "$GOBIN/nats-server"`,
      'command -p chmod 755 "$GOBIN/nats-server"',
    ].join("\n"),
    { mode: 0o755 },
  );
  return () => readFile(log, "utf8").catch(() => "");
}

async function makeArchive(version = "2.15.2"): Promise<{ archive: Buffer; sha256: string }> {
  const name = `nats-server-v2.15.2-${platform}`;
  await writeServer(join(machine.root, "release", name, "nats-server"), version);
  const path = join(machine.root, "release.tar.gz");
  await promisify(execFile)("tar", ["-czf", path, "-C", join(machine.root, "release"), name]);
  const archive = await readFile(path);
  return { archive, sha256: createHash("sha256").update(archive).digest("hex") };
}

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new TypeError("it has a port");
  return `http://127.0.0.1:${address.port}`;
}

/** Nothing but the server and, while someone installs, the lock is ever in the cache. */
async function leftovers(): Promise<readonly string[]> {
  return (await readdir(join(machine.cached, ".."))).filter((name) => name !== "nats-server");
}

test.each(["2.15.2", "2.12.0", "2.12.0-RC.1", "3.0.0"])("version %s on PATH is taken", async (version) => {
  await writeServer(join(machine.bin, "nats-server"), version);
  expect(await locateNatsServer({ env: machine.env })).toBe(join(machine.bin, "nats-server"));
  expect(existsSync(machine.env["TIDEGATE_CACHE_DIR"] ?? "")).toBe(false);
});

test("an old or broken server on PATH is passed over for a newer one behind it", async () => {
  const [older, broken, newer] = ["older", "broken", "newer"].map((name) => join(machine.root, name));
  await writeServer(join(String(older), "nats-server"), "2.11.99");
  await mkdir(String(broken));
  await writeFile(join(String(broken), "nats-server"), "#!/bin/sh\nexit 3\n", { mode: 0o755 });
  await writeServer(join(String(newer), "nats-server"), "2.13.1");
  const PATH = [older, broken, newer].join(delimiter);
  expect(await locateNatsServer({ env: { ...machine.env, PATH } })).toBe(join(String(newer), "nats-server"));
});

test("the cache is used before anything is installed", async () => {
  const goCalls = await installFakeGo("2.15.2");
  await writeServer(machine.cached, "2.15.2");
  expect(await locateNatsServer({ env: machine.env })).toBe(machine.cached);
  expect(await goCalls()).toBe("");
});

test("the cache directory can be given instead of the variable", async () => {
  const cacheDir = join(machine.root, "elsewhere");
  await installFakeGo("2.15.2");
  const path = await locateNatsServer({ env: machine.env, cacheDir });
  expect(path.startsWith(cacheDir)).toBe(true);
  expect(existsSync(machine.env["TIDEGATE_CACHE_DIR"] ?? "")).toBe(false);
});

test("the release archive is downloaded, checked and unpacked into the cache", async () => {
  const { archive, sha256 } = await makeArchive();
  const requests: string[] = [];
  const base = await serve((request, response) => {
    requests.push(request.url ?? "");
    // The real address redirects, too.
    if (request.url?.startsWith("/moved")) response.end(archive);
    else response.writeHead(302, { location: `/moved${request.url}` }).end();
  });
  const goCalls = await installFakeGo("2.15.2");
  const progress: string[] = [];
  const path = await locateNatsServer({
    env: {
      ...machine.env,
      TIDEGATE_NATS_RELEASE_BASE: `${base}/releases/`,
      TIDEGATE_NATS_RELEASE_SHA256: sha256.toUpperCase(),
    },
    onProgress: (message) => progress.push(message),
  });
  expect(path).toBe(machine.cached);
  expect(requests[0]).toBe(`/releases/v2.15.2/nats-server-v2.15.2-${platform}.tar.gz`);
  expect(progress.join("\n")).toContain("downloading");
  expect(await goCalls()).toBe("");
  expect(await leftovers()).toEqual([]);
});

test.each<[string, string, RequestListener]>([
  ["the checksum is another", "SHA-256", (_request, response) => response.end("something else")],
  ["the archive is missing", "404", (_request, response) => response.writeHead(404).end("no")],
  [
    "the archive is cut off",
    "cannot download",
    (_request, response) => {
      response.writeHead(200, { "content-length": "1000" });
      response.write("only this", () => response.destroy());
    },
  ],
  ["the connection is cut", "cannot download", (request) => request.socket.destroy()],
  [
    "it redirects in a circle",
    "cannot download",
    (request, response) => {
      response.writeHead(302, { location: request.url }).end();
    },
  ],
])("if %s, the server is built with Go", async (_name, reason, listener) => {
  const { sha256 } = await makeArchive();
  const goCalls = await installFakeGo("2.15.2");
  const progress: string[] = [];
  const path = await locateNatsServer({
    env: {
      ...machine.env,
      TIDEGATE_NATS_RELEASE_BASE: await serve(listener),
      TIDEGATE_NATS_RELEASE_SHA256: sha256,
    },
    onProgress: (message) => progress.push(message),
  });
  expect(path).toBe(machine.cached);
  expect(progress.join("\n")).toContain(reason);
  expect(await goCalls()).toContain("install github.com/nats-io/nats-server/v2@v2.15.2 CGO=0 GOOS=\n");
  expect(await leftovers()).toEqual([]);
});

test("an archive with another version inside is not installed", async () => {
  const { archive, sha256 } = await makeArchive("2.14.0");
  const base = await serve((_request, response) => response.end(archive));
  const env = { ...machine.env, TIDEGATE_NATS_RELEASE_BASE: base, TIDEGATE_NATS_RELEASE_SHA256: sha256 };
  await expect(locateNatsServer({ env })).rejects.toThrow("got version 2.14.0 instead of 2.15.2");
  expect(existsSync(machine.cached)).toBe(false);
  expect(await leftovers()).toEqual([]);
});

test("without a known checksum nothing is downloaded", async () => {
  let requests = 0;
  const base = await serve((_request, response) => {
    requests += 1;
    response.end();
  });
  await installFakeGo("2.15.2");
  const progress: string[] = [];
  const env = { ...machine.env, TIDEGATE_NATS_RELEASE_BASE: base, TIDEGATE_NATS_RELEASE_SHA256: "" };
  await locateNatsServer({ env, onProgress: (message) => progress.push(message) });
  expect(progress.join("\n")).toContain("no checksum is pinned");
  expect(requests).toBe(0);
});

test("a variable for a target platform does not reach Go, and what it prints is in the error", async () => {
  await installFakeGo("2.15.2", 'echo "the module proxy is not there" >&2; exit 1');
  const env = { ...machine.env, GOOS: "plan9", TIDEGATE_NATS_RELEASE_SHA256: "xyz" };
  const failure: unknown = await locateNatsServer({ env }).catch((error) => error);
  expect(failure).toMatchObject({ code: "nats-server-missing" });
  expect(String(failure)).toContain("the module proxy is not there");
  expect(String(failure)).toContain("not 64 hexadecimal digits");
  expect(await readFile(join(machine.root, "go.log"), "utf8")).toContain("GOOS=\n");
});

test("with no way left, the error names every way and why it failed", async () => {
  await writeServer(join(machine.bin, "nats-server"), "2.9.10");
  const failure: unknown = await locateNatsServer({ env: machine.env }).catch((error) => error);
  expect(failure).toMatchObject({ code: "nats-server-missing" });
  for (const text of [
    "NATS_URL",
    "is version 2.9.10, at least 2.12 is needed",
    `there is none at ${machine.cached}`,
    "TIDEGATE_NATS_RELEASE_BASE",
    "TIDEGATE_NATS_RELEASE_SHA256",
    "Go is not on PATH",
  ]) {
    expect(String(failure)).toContain(text);
  }
  expect(await leftovers()).toEqual([]);
});

test("several that ask at once install once", async () => {
  const goCalls = await installFakeGo("2.15.2", "command -p sleep 0.3");
  const progress: string[] = [];
  const ask = () => locateNatsServer({ env: machine.env, onProgress: (message) => progress.push(message) });
  expect(await Promise.all([ask(), ask(), ask()])).toEqual([machine.cached, machine.cached, machine.cached]);
  expect((await goCalls()).trim().split("\n")).toHaveLength(1);
  expect(progress).toContain("waiting for another process that installs nats-server");
  expect(await leftovers()).toEqual([]);
});

test("aborting ends the build", async () => {
  const goCalls = await installFakeGo("2.15.2", "exec sleep 60");
  await symlink("/bin/sleep", join(machine.bin, "sleep"));
  const abort = new AbortController();
  const locating = locateNatsServer({ env: machine.env, signal: abort.signal });
  locating.catch(() => {});
  await waitUntil(async () => (await goCalls()) !== "", { message: "the build to begin" });
  const pid = Number.parseInt(await goCalls(), 10);
  abort.abort(new Error("enough"));
  await expect(locating).rejects.toThrow("enough");
  expect(isProcessAlive(pid)).toBe(false);
  expect(await leftovers()).toEqual([]);
});

test("a killed installation ends with its build, and the next one takes over", async () => {
  const goCalls = await installFakeGo("2.15.2", "exec sleep 60");
  await symlink("/bin/sleep", join(machine.bin, "sleep"));
  await using parent = await startParentToKill(`
    import { locateNatsServer } from ${JSON.stringify(import.meta.resolve("./locate-nats-server.ts"))};
    await locateNatsServer({ env: ${JSON.stringify(machine.env)} });
  `);
  await waitUntil(async () => (await goCalls()) !== "", { message: "the build to begin" });
  const pid = Number.parseInt(await goCalls(), 10);
  parent.process.signal("SIGKILL");
  await parent.process.exited;
  await waitUntil(() => !isProcessAlive(pid), { message: "the build to end" });
  expect(await leftovers()).toContain("lock");

  await installFakeGo("2.15.2");
  expect(await locateNatsServer({ env: machine.env })).toBe(machine.cached);
  expect(await leftovers()).toEqual([]);
});
