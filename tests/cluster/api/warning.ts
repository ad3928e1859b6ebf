/** `299 - "text"`, as many in a line as there are. */
const WARNING = /\d{3} \S+ "((?:[^"\\]|\\.)*)"/g;

/** What the `Warning` headers of an answer say. */
export function warningTexts(headers: readonly string[]): readonly string[] {
  return headers.flatMap((header) =>
    [...header.matchAll(WARNING)].map(([, text = ""]) => text.replaceAll(/\\(.)/g, "$1")),
  );
}
