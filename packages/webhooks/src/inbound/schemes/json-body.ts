const decoder = new TextDecoder("utf-8", { fatal: true });

/** The fields of a body that is a JSON object; undefined for anything else. */
export function readJsonFields(body: Uint8Array | string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(typeof body === "string" ? body : decoder.decode(body));
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? (value as Readonly<Record<string, unknown>>)
      : undefined;
  } catch {
    return undefined;
  }
}
