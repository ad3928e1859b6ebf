/** What JetStream answers with, before anything of it is known. */
export type JsonObject = Readonly<Record<string, unknown>>;

const decoder = new TextDecoder();

/** The object that `bytes` hold as JSON; undefined if they hold anything else. */
export function parseJsonObject(bytes: Uint8Array): JsonObject | undefined {
  try {
    return asObject(JSON.parse(decoder.decode(bytes)));
  } catch {
    return undefined;
  }
}

export function asObject(value: unknown): JsonObject | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as JsonObject)
    : undefined;
}

export function asNumber(value: unknown): number | undefined {
  return typeof value === "number" ? value : undefined;
}

export function asText(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}
