import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readEnvironment } from "@tidegate/runtime";
import { accepts, isAccepting } from "./accepting-port.ts";
import { endProcess } from "./end-process.ts";
import type { LocateDebianProgramOptions } from "./locate-debian-program.ts";
import { locateNginx } from "./locate-nginx.ts";
import { natsHost as loopback } from "./nats-config.ts";
import { randomPort } from "./random-port.ts";
import { type SupervisedProcess, supervise } from "./supervise.ts";
import { TestkitError } from "./testkit-error.ts";

export interface StartNginxOptions extends LocateDebianProgramOptions {
  /** Ports on loopback between which it spreads requests. */
  readonly upstreamPorts: readonly number[];
  /** Configuration text for the one location. Default: nothing, so that every proxy setting is nginx's own default. */
  readonly locationConfig?: string;
}

/** An nginx in front of servers of a test. It ends when this process does. */
export interface Nginx extends AsyncDisposable {
  /** `http://127.0.0.1:20123` */
  readonly url: string;
  /** What it has complained about. */
  readonly complaints: readonly string[];
  stop(): Promise<void>;
}

const stopGraceMs = 2000;
const maxPortAttempts = 20;

/**
 * Starts an nginx on a free port of loopback that passes everything on.
 *
 * @throws TestkitError `nginx-missing`, or `process-failed` with what it printed.
 */
export async function startNginx(options: StartNginxOptions): Promise<Nginx> {
  const path = await locateNginx(options);
  const directory = await mkdtemp(join(tmpdir(), "tidegate-nginx-"));
  for (let attempt = 0; attempt < maxPortAttempts; attempt += 1) {
    const port = randomPort();
    // nginx tries for seconds to get a port that another has, and whoever answers meanwhile is not it.
    if (await accepts(port)) continue;
    const complaints: string[] = [];
    const configPath = join(directory, "nginx.conf");
    await writeFile(configPath, renderConfig(directory, port, options));
    const process = await supervise(path, ["-p", directory, "-c", configPath, "-e", "stderr"], {
      env: options.env ?? readEnvironment(),
      cwd: directory,
      output: (line) => complaints.push(line),
      removeIfOrphaned: directory,
      keepsAlive: false,
    });
    if (await isAccepting(process, port)) {
      return runningNginx(process, port, complaints, directory);
    }
    await endProcess(process, "SIGKILL", stopGraceMs);
    if (!complaints.some((line) => line.includes("Address already in use"))) {
      await rm(directory, { recursive: true, force: true });
      throw new TestkitError("process-failed", ["nginx did not start", ...complaints].join("\n"));
    }
  }
  await rm(directory, { recursive: true, force: true });
  throw new TestkitError("process-failed", `nginx found no free port in ${maxPortAttempts} attempts`);
}

function runningNginx(
  process: SupervisedProcess,
  port: number,
  complaints: readonly string[],
  directory: string,
): Nginx {
  const stop = async () => {
    await endProcess(process, "SIGTERM", stopGraceMs);
    await rm(directory, { recursive: true, force: true });
  };
  return { url: `http://${loopback}:${port}`, complaints, stop, [Symbol.asyncDispose]: stop };
}

function renderConfig(
  directory: string,
  port: number,
  { upstreamPorts, locationConfig = "" }: StartNginxOptions,
): string {
  const bodies = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
  return `
daemon off;
master_process off;
pid ${directory}/nginx.pid;
error_log stderr warn;
events {}
http {
  access_log off;
  ${bodies.map((name) => `${name}_temp_path ${directory}/${name};`).join("\n  ")}
  upstream servers {
    ${upstreamPorts.map((upstream) => `server ${loopback}:${upstream};`).join("\n    ")}
  }
  server {
    listen ${loopback}:${port};
    location / {
      proxy_pass http://servers;
      ${locationConfig}
    }
  }
}
`;
}
