export {
  channelProblem,
  isChannelToken,
  isPattern,
  MAX_CHANNEL_BYTES,
  MAX_CHANNEL_TOKENS,
  namespaceOf,
  patternProblem,
} from "./channel.ts";
export type { ClientMessage } from "./client-messages.ts";
export { CLIENT_MESSAGES } from "./client-messages.ts";
export type { CloseName } from "./close-codes.ts";
export { CLOSE_CODES, MAX_CLOSE_REASON_BYTES, shouldReconnect } from "./close-codes.ts";
export type { Cursor, Position } from "./cursor.ts";
export {
  decodeCursor,
  encodeCursor,
  encodePosition,
  isEpoch,
  MAX_CURSOR_BYTES,
  MAX_CURSOR_NAMESPACES,
} from "./cursor.ts";
export type { Decoded, DecodeFailure } from "./decode-client-message.ts";
export { decodeClientMessage } from "./decode-client-message.ts";
export type { ErrorCode } from "./error-codes.ts";
export { ERROR_CODES } from "./error-codes.ts";
export type { CompiledGrants, GrantAction, GrantPatterns } from "./grants.ts";
export { compileGrants, GRANT_ACTIONS, GrantSet } from "./grants.ts";
export type { MessageDefinition } from "./message-definition.ts";
export type { MessageHead, TextPayload } from "./message-frame.ts";
export {
  messageFrame,
  messageHeaderLine,
  messageObject,
  replyFrame,
  replyHeaderLine,
} from "./message-frame.ts";
export type { Connect } from "./messages/connect.ts";
export type { Connected } from "./messages/connected.ts";
export type { ErrorMessage } from "./messages/error.ts";
export type { History } from "./messages/history.ts";
export type { Ok } from "./messages/ok.ts";
export type { Page } from "./messages/page.ts";
export type { Publish } from "./messages/publish.ts";
export type { Refresh } from "./messages/refresh.ts";
export type { Request } from "./messages/request.ts";
export type { Reset } from "./messages/reset.ts";
export type { Subscribe } from "./messages/subscribe.ts";
export type { Subscribed } from "./messages/subscribed.ts";
export type { Unsubscribe } from "./messages/unsubscribe.ts";
export type { Unsubscribed } from "./messages/unsubscribed.ts";
export { covers } from "./pattern.ts";
export type { ResetReason } from "./reset-reasons.ts";
export { RESET_REASONS } from "./reset-reasons.ts";
export { REVISION, REVISIONS, SUBPROTOCOL, TOKEN_SUBPROTOCOL_PREFIX } from "./revision.ts";
export type { ServerMessage } from "./server-messages.ts";
export { SERVER_MESSAGES } from "./server-messages.ts";
export { topLevelValue } from "./top-level-value.ts";
export type { TraceContext } from "./trace-context.ts";
export { readTraceContext, TRACEPARENT, TRACESTATE } from "./trace-context.ts";
