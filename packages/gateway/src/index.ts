export type { GatewayErrorCode } from "./gateway-error.ts";
export { GatewayError } from "./gateway-error.ts";
export { GATEWAY_METRICS } from "./metrics.ts";
export type { GatewaySettings } from "./settings/gateway-settings.ts";
export { GATEWAY_SETTINGS } from "./settings/gateway-settings.ts";
export type { StartedGateway } from "./start-gateway.ts";
export { startGateway } from "./start-gateway.ts";
