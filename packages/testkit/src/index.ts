// Programs of development and tests only; nothing that is shipped may import this package.
// Not exported: how servers and browsers are found, watched and configured. Only their outcome matters.

export type { Browser, LaunchChromiumOptions } from "./launch-chromium.ts";
export { launchChromium } from "./launch-chromium.ts";
export type { LocateNatsServerOptions } from "./locate-nats-server.ts";
export { locateNatsServer } from "./locate-nats-server.ts";
export type { NatsServer, OwnNatsServer } from "./nats-server.ts";
export type { NatsConnection } from "./plain-nats.ts";
export { connectPlainNats, plainNatsHeaders } from "./plain-nats.ts";
export type { RawSocket } from "./raw-socket.ts";
export { openRawSocket } from "./raw-socket.ts";
export type { ReceivedMessage } from "./received-message.ts";
export type { NodeProcess, OutputLine, SpawnNodeOptions } from "./spawn-node.ts";
export { spawnNode } from "./spawn-node.ts";
export type { StartNatsOptions } from "./start-nats.ts";
export { startNats } from "./start-nats.ts";
export type { ExitStatus } from "./supervise.ts";
export type { CloseEvent, Handshake, OpenClientOptions, ReceivedFrame, TestClient } from "./test-client.ts";
export { openClient } from "./test-client.ts";
export type { TestkitErrorCode } from "./testkit-error.ts";
export { TestkitError } from "./testkit-error.ts";
export type { ResponseHead, UpgradeRequestOptions } from "./upgrade-request.ts";
export { upgradeRequest } from "./upgrade-request.ts";
export type { WaitUntilOptions } from "./wait-until.ts";
export { waitUntil } from "./wait-until.ts";
export type { WireFrame, WireFrameOptions } from "./wire-frame.ts";
export { closePayload, encodeFrame, opcodes } from "./wire-frame.ts";
