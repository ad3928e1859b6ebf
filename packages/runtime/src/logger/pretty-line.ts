/**
 * A JSON log line as a person at a terminal wants it: time of day, level, program, message, fields, and the stack of an
 * error on lines of its own. What is not a JSON object is returned as it is.
 */
export function prettyLine(line: string): string {
  const record = parseRecord(line);
  if (record === undefined) return line;
  const { time, level, name, msg, pid: _pid, err, error, ...fields } = record;
  const clock = typeof time === "string" ? time.slice(11, 23) : "";
  const head = [
    clock,
    String(level ?? "")
      .toUpperCase()
      .padEnd(5),
    `${String(name ?? "")}:`,
    String(msg ?? ""),
  ];
  const tail = Object.entries(fields).map(([key, value]) => `${key}=${compact(value)}`);
  const text = [...head, ...tail].filter((part) => part !== "").join(" ");
  return `${text}\n${describeError(err ?? error)}`;
}

function parseRecord(line: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}

function compact(value: unknown): string {
  return typeof value === "string" && /^[\w.:/@+-]+$/.test(value) ? value : JSON.stringify(value);
}

function describeError(error: unknown): string {
  if (typeof error !== "object" || error === null) return "";
  const { type, code, message, stack, cause } = {
    type: "",
    code: "",
    message: "",
    stack: "",
    cause: undefined,
    ...error,
  };
  const summary = typeof stack === "string" && stack !== "" ? stack : `${type} ${code}: ${message}`;
  const causes = describeError(cause);
  return `${indent(summary)}\n${causes === "" ? "" : `    caused by\n${causes}`}`;
}

function indent(text: string): string {
  return text
    .split("\n")
    .map((line, index) => `${index === 0 ? "    " : "      "}${line.trim()}`)
    .join("\n");
}
