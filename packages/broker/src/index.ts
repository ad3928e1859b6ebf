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
export type { LiveMessage, LivePublisher } from "./live-message.ts";
export type { PublisherIdentity } from "./message-headers.ts";
export type { PublishOutcome } from "./outbound.ts";
export type { LiveSubscription, Subscription } from "./registration.ts";
export type { CallHandler } from "./responders.ts";
export { ServiceError } from "./service-error.ts";
export type { RequestOutcome } from "./service-reply.ts";
export type { HistoryPage, PageRequest } from "./store/history-page.ts";
export type { HistoryPolicy } from "./store/history-policy.ts";
export type { StreamStatus } from "./store/namespace-stream.ts";
export type { StoreOutcome } from "./store/store-outcome.ts";
export type { StoreOptions } from "./store/store-publisher.ts";
export type { StoredMessage } from "./store/stored-message.ts";
export type { StreamPlan } from "./store/stream-plan.ts";
export type { StreamProvisioner } from "./store/stream-provisioner.ts";
export { openStreamProvisioner } from "./store/stream-provisioner.ts";
export type { StreamStatusListener } from "./store/streams.ts";
export type { Follow, Joined, JoinFrom, TailListener } from "./tail/follow.ts";
