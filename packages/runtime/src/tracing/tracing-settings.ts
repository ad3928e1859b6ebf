import { setting } from "../settings/setting.ts";
import { decimal, flag, text, url } from "../settings/setting-schemas.ts";

const NAME = "[A-Za-z0-9!#$%&'*+.^_`|~-]+";
/** Percent signs begin the code of a visible ASCII character or a blank: nothing decoded can break a line. */
const VALUE = "(?:[\\x20-\\x24\\x26-\\x2b\\x2d-\\x7e]|%(?:[2-6][0-9A-Fa-f]|7[0-9A-Ea-e]))*";
const HEADERS = new RegExp(`^ *${NAME} *=${VALUE}(?:, *${NAME} *=${VALUE})*$`);

/**
 * For the table of every service that makes spans. Where OpenTelemetry has a name for a variable, it is that one: operators and injectors
 * of collectors set it for all programs alike. None of those switches anything on.
 */
export const tracingSettings = [
  setting({
    path: "tracing.enabled",
    schema: flag(),
    default: false,
    doc: "Sends spans to a collector of OpenTelemetry. A trace context that came with a message is passed on either way. See [tracing.md](tracing.md).",
  }),
  setting({
    path: "tracing.endpoint",
    schema: url(["https", "http"]),
    default: "http://127.0.0.1:4318",
    env: "OTEL_EXPORTER_OTLP_ENDPOINT",
    doc: "Where the collector takes OTLP over HTTP: spans are posted as JSON to `/v1/traces` below it.",
  }),
  setting({
    path: "tracing.headers",
    schema: text({
      pattern: { test: HEADERS, expects: "name=value, separated by commas, with values percent-encoded" },
    }).optional(),
    secret: true,
    env: "OTEL_EXPORTER_OTLP_HEADERS",
    doc: "Headers for the collector, such as its credentials: `name=value`, separated by commas, with values percent-encoded.",
  }),
  setting({
    path: "tracing.serviceName",
    schema: text({ max: 255 }).optional(),
    env: "OTEL_SERVICE_NAME",
    doc: "What traces call this service. Default: the name of the program.",
  }),
  setting({
    path: "tracing.sampleRatio",
    schema: decimal({ max: 1 }),
    default: 0.1,
    doc: "Share of traces that are kept, of those that begin here and of those that clients and third parties ask for. A trace that comes from NATS and is kept there is kept here.",
  }),
] as const;

/** What `tracing.headers` means; the setting has checked that it is well-formed. */
export function collectorHeaders(text: string | undefined): Readonly<Record<string, string>> {
  if (text === undefined) return {};
  return Object.fromEntries(
    text.split(",").map((item) => {
      const equals = item.indexOf("=");
      return [item.slice(0, equals).trim(), decodeURIComponent(item.slice(equals + 1)).trim()];
    }),
  );
}
