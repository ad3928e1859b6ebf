/** What the testkit decides about a server; everything else is in the extra text. */
export interface NatsConfig {
  readonly serverName: string;
  readonly port: number;
  readonly monitorPort: number | undefined;
  readonly storeDir: string;
  readonly extra: string;
}

/** Clients of tests and development are on this machine, and nobody else has any business here. */
export const natsHost = "127.0.0.1";

/** The text of the server's configuration file. */
export function renderNatsConfig(config: NatsConfig): string {
  const lines = [
    `server_name: ${quote(config.serverName)}`,
    `host: ${quote(natsHost)}`,
    `port: ${config.port}`,
    ...(config.monitorPort === undefined ? [] : [`http: ${quote(`${natsHost}:${config.monitorPort}`)}`]),
    `jetstream { store_dir: ${quote(config.storeDir)} }`,
    config.extra,
  ];
  return `${lines.join("\n")}\n`;
}

/** Strings of this format know the escapes of JSON that occur in names and paths. */
function quote(value: string): string {
  return JSON.stringify(value);
}
