import type { LocateDebianProgramOptions } from "./locate-debian-program.ts";
import { locateNginx } from "./locate-nginx.ts";
import { natsHost as loopback } from "./nats-config.ts";
import { startProxy } from "./start-proxy.ts";

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

/**
 * Starts an nginx on a free port of loopback that passes everything on.
 *
 * @throws TestkitError `nginx-missing`, or `process-failed` with what it printed.
 */
export async function startNginx(options: StartNginxOptions): Promise<Nginx> {
  const { port, lines, stop } = await startProxy({
    title: "nginx",
    program: await locateNginx(options),
    env: options.env,
    configFor: (port, directory) => renderConfig(directory, port, options),
    argsFor: (configPath, directory) => ["-p", directory, "-c", configPath, "-e", "stderr"],
  });
  return { url: `http://${loopback}:${port}`, complaints: lines, stop, [Symbol.asyncDispose]: stop };
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
