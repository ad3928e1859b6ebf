/** Counters of the hottest paths: plain numbers that the metrics read at scrape time. */
export class Traffic {
  messagesIn = 0;
  bytesIn = 0;
  messagesOut = 0;
  bytesOut = 0;
  /** Times that more began to wait for a client than its outbox may hold, also where it had not caught up since the last time. */
  lags = 0;
  /** WebSockets that lag now. */
  laggingConnections = 0;
  /** Event streams that lag now. */
  laggingStreams = 0;
  /** Messages not delivered because their connection lagged. */
  messagesMissed = 0;
  /** Messages that made way for a newer one before they were sent. */
  messagesConflated = 0;
  /** Messages from NATS whose subject is no channel. */
  messagesIgnored = 0;
}
