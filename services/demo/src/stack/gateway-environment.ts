import { DEVELOPMENT_KEY } from "@tidegate/auth";
import type { BrokerCredentials } from "@tidegate/broker";
import type { Environment } from "@tidegate/runtime";
import { natsAccess } from "../nats-access.ts";

export interface GatewayPlace {
  /** `n1` */
  readonly name: string;
  readonly natsUrl: string;
  readonly port: number;
  readonly operationsPort: number;
}

/** What differs from gateway to gateway, or must not stand in a file; everything else is in `tidegate.yaml`. */
export function gatewayEnvironment(place: GatewayPlace): Environment {
  return {
    TIDEGATE_NODE_NAME: place.name,
    ...natsEnvironment(place.natsUrl),
    TIDEGATE_LISTEN_PORT: String(place.port),
    TIDEGATE_OPERATIONS_PORT: String(place.operationsPort),
    TIDEGATE_AUTH_SECRET: DEVELOPMENT_KEY.secret,
  };
}

/** Where NATS is, for everything that reads `tidegate.yaml`. */
export function natsEnvironment(natsUrl: string): Environment {
  const { servers, credentials } = natsAccess(natsUrl);
  return { TIDEGATE_NATS_SERVERS: servers.join(","), ...credentialVariables(credentials) };
}

function credentialVariables(credentials: BrokerCredentials): Environment {
  switch (credentials.kind) {
    case "password":
      return { TIDEGATE_NATS_USER: credentials.user, TIDEGATE_NATS_PASSWORD: credentials.password };
    case "token":
      return { TIDEGATE_NATS_TOKEN: credentials.token };
    default:
      return {};
  }
}
