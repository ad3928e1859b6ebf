import type { Broker } from "@tidegate/broker";

/** What a gateway uses of a broker. */
export type GatewayBroker = Pick<
  Broker,
  | "subscribe"
  | "follow"
  | "publish"
  | "announce"
  | "store"
  | "history"
  | "epochOf"
  | "request"
  | "onInterruption"
  | "maxPayload"
  | "state"
  | "stats"
>;
