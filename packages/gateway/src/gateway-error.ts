/**
 * - `listen_failed`: the address is taken or not ours.
 * - `configuration_invalid`: the settings are not fit for production.
 */
export type GatewayErrorCode = "listen_failed" | "configuration_invalid";

/** What keeps a gateway from starting. Running gateways speak in wire errors and close codes. */
export class GatewayError extends Error {
  override readonly name = "GatewayError";
  readonly code: GatewayErrorCode;

  constructor(code: GatewayErrorCode, message: string, options?: ErrorOptions) {
    super(`${code}: ${message}`, options);
    this.code = code;
  }
}
