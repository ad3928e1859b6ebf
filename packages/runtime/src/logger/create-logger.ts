import {
  type DestinationStream,
  destination as openDestination,
  type Logger as PinoLogger,
  pino,
  stdTimeFunctions,
} from "pino";
import { prettyLine } from "./pretty-line.ts";
import { scrubCredentials } from "./scrub-credentials.ts";
import { serializeError } from "./serialize-error.ts";

/** A pino logger: `logger.info({ connection }, "connected")`, `logger.child({ connection })`. */
export type Logger = PinoLogger;

/** From the quietest to the most talkative. */
export const LOG_LEVELS = ["silent", "fatal", "error", "warn", "info", "debug", "trace"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export interface LoggerOptions {
  /** The program; the `name` field of every line. */
  readonly name: string;
  readonly level: LogLevel;
  /** Lines for a terminal instead of JSON. Costs more; for development only. */
  readonly pretty?: boolean;
  /** Where lines go, each with its line break; standard output by default, written synchronously so that a crash loses none. */
  readonly destination?: DestinationStream;
}

/** Fields that never appear in a log, at the top of a line's fields or one level below. Names are matched exactly. */
const REDACTED_FIELDS = [
  "token",
  "access_token",
  "accessToken",
  "refreshToken",
  "authorization",
  "Authorization",
  "cookie",
  "Cookie",
  "set-cookie",
  "password",
  "secret",
  "payload",
] as const;

/**
 * The logger of a service: JSON lines with ISO time and the level as a word.
 *
 * Secrets stay out three times over: the fields above are replaced, errors are reduced to what `serializeError` keeps, and
 * the finished line is searched for tokens and credentials in URLs, whatever field or message they are in.
 *
 * @throws TypeError for a level that is not in `LOG_LEVELS`.
 */
export function createLogger(options: LoggerOptions): Logger {
  const { name, level, pretty = false, destination = openDestination({ fd: 1, sync: true }) } = options;
  if (!LOG_LEVELS.includes(level)) {
    throw new TypeError(`level: expected one of ${LOG_LEVELS.join(", ")}, got ${JSON.stringify(level)}`);
  }
  const finish = pretty ? (line: string) => prettyLine(scrubCredentials(line)) : scrubCredentials;
  return pino(
    {
      level,
      base: { name, pid: process.pid },
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }), log: withSerializedErrors },
      redact: {
        paths: REDACTED_FIELDS.flatMap((field) => [`["${field}"]`, `*["${field}"]`]),
        censor: "[hidden]",
      },
      // For errors bound to child loggers, which the formatter above does not see; other values pass.
      serializers: { err: serializeIfError, error: serializeIfError },
      hooks: { streamWrite: finish },
    },
    destination,
  );
}

/** An error may be logged under any name: left to JSON it would show every property that a library hung on it. */
function withSerializedErrors(fields: Record<string, unknown>): Record<string, unknown> {
  if (!Object.values(fields).some((value) => value instanceof Error)) return fields;
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, serializeIfError(value)]));
}

function serializeIfError(value: unknown): unknown {
  return value instanceof Error ? serializeError(value) : value;
}
