const MAX_SHOWN = 60;

/** A value as it may appear in a message: short, on one line, without the credentials of a URL. */
export function showValue(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(shorten(withoutCredentials(value)));
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object" && value !== null) return "a mapping";
  return value === null ? "nothing" : shorten(String(value));
}

/** A name a file or the environment made up, safe to repeat. */
export function showName(name: string): string {
  return /^[\w.<>[\]@-]{1,60}$/.test(name) ? name : JSON.stringify(shorten(name));
}

/** Whether a name says that its value is nobody's business; asked where no setting's `secret` can tell. */
export function soundsSecret(name: PropertyKey): boolean {
  return /secret|passw|passphrase|token|credential|private|signing|apikey|seed|authorization|cookie/i.test(
    String(name),
  );
}

function withoutCredentials(value: string): string {
  return value.replace(/\/\/[^/@\s]*@/g, "//[hidden]@");
}

function shorten(value: string): string {
  return value.length <= MAX_SHOWN ? value : `${value.slice(0, MAX_SHOWN)}…`;
}
