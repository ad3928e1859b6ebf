/** What clients counted since the last `begin`. Durations are publish to receipt, in microseconds. */
export interface ClientsReport {
  /** Each message once for each connection. */
  readonly received: number;
  readonly repeated: number;
  /** How often a client was told that messages of a replayable channel may be missing. */
  readonly resets: number;
  /** Connections that a server ended. */
  readonly closed: number;
  /** Why it ended the first. */
  readonly reason: string;
  /** From the first publish to the last receipt. */
  readonly spanMicros: number;
  readonly p50Micros: number;
  readonly p99Micros: number;
  readonly p999Micros: number;
}

/** How clients are opened. */
export interface ClientsManner {
  readonly transport: "ws" | "sse";
  /** They have small buffers, as on a slow line, and go on from their cursors when they are opened again. */
  readonly resuming: boolean;
}

/** Clients of one server, native or in this process. */
export interface BenchClients {
  /** Besides this one, which processes work for them. */
  readonly pids: readonly number[];
  /**
   * Opens the next of them.
   *
   * @param inFlight most that may be under way at a time
   * @throws LoadTestError `connect_failed` at the first that fails; the reason of the signal.
   */
  open(count: number, inFlight: number, signal: AbortSignal): Promise<void>;
  /** Closes the last of them; they can be opened again. */
  close(count: number): Promise<void>;
  /**
   * Stops reading the last of them; 0 reads all again.
   *
   * @throws LoadTestError `client_failed` where they cannot.
   */
  stall(count: number): Promise<void>;
  /**
   * From now on opens those again that end, from the cursor that they got to.
   *
   * @throws LoadTestError `client_failed` where they cannot.
   */
  keep(inFlight: number): Promise<void>;
  /**
   * How long they sleep between two looks at their connections, where they can: meanwhile nobody is woken up by what is sent, which
   * counts as work of the sender. Latencies are then partly theirs.
   */
  nap(micros: number): Promise<void>;
  /** Counts anew, from messages numbered `first` on. */
  begin(first: number): Promise<void>;
  report(): Promise<ClientsReport>;
  /** Closes all. Idempotent. */
  stop(): Promise<void>;
}
