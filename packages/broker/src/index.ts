// Not exported: the parts a broker is made of. They share one connection and its state.

export type { Broker, BrokerStats, PublishLane, PublishOptions, RequestOptions } from "./broker.ts";
export { connectBroker } from "./broker.ts";
export type { BrokerCredentials } from "./broker-credentials.ts";
export type { BrokerErrorCode } from "./broker-error.ts";
export { BrokerError } from "./broker-error.ts";
export type { BrokerOptions, BrokerOptionsInput, BrokerTls } from "./broker-options.ts";
export { resolveBrokerOptions } from "./broker-options.ts";
export type { Claims, ClientIdentity, InboundMessage, ServiceCall } from "./client-message.ts";
export type { BrokerState } from "./link.ts";
export type { HistoryPage, PageRequest } from "./store/history-page.ts";
export type { HistoryPolicy } from "./store/history-policy.ts";
export type { StoreOutcome } from "./store/store-outcome.ts";
export type { StoredMessage } from "./store/stored-message.ts";
export type { Follow, Joined, JoinFrom, TailListener } from "./tail/follow.ts";
export type { LiveMessage, LivePublisher } from "./live-message.ts";
export type { PublisherIdentity } from "./message-headers.ts";
export type { PublishOutcome } from "./outbound.ts";
export type { Subscription } from "./registration.ts";
export type { CallHandler } from "./responders.ts";
export { ServiceError } from "./service-error.ts";
export type { RequestOutcome } from "./service-reply.ts";
