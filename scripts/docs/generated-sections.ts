const MARKER = /^<!-- (\/?)generated:([a-z-]+) -->$/gm;

/**
 * Puts generated text between the markers of a document:
 *
 * ```
 * <!-- generated:name -->
 * <!-- /generated:name -->
 * ```
 *
 * Idempotent, so a document is up to date if and only if this changes nothing.
 *
 * @throws Error if markers do not pair up, or if the document and `sections` do not name the same sections: a section
 *   with a misspelt name would otherwise silently never be written again.
 */
export function fillSections(text: string, sections: ReadonlyMap<string, string>): string {
  const filled: string[] = [];
  const seen = new Set<string>();
  let open: string | undefined;
  let copied = 0;
  for (const marker of text.matchAll(MARKER)) {
    const [whole, slash, name = ""] = marker;
    const isEnd = slash === "/";
    if (isEnd ? name !== open : open !== undefined || seen.has(name)) {
      throw new Error(`the marker ${whole} is out of place`);
    }
    if (isEnd) {
      copied = marker.index;
      open = undefined;
      continue;
    }
    const section = sections.get(name);
    if (section === undefined) {
      throw new Error(`no section is generated for the marker ${whole}`);
    }
    filled.push(text.slice(copied, marker.index + whole.length), `\n\n${section.trim()}\n\n`);
    seen.add(name);
    open = name;
  }
  if (open !== undefined) {
    throw new Error(`the marker <!-- generated:${open} --> is never closed`);
  }
  const missing = [...sections.keys()].filter((name) => !seen.has(name));
  if (missing.length > 0) {
    throw new Error(`there is no marker for ${missing.join(", ")}`);
  }
  return filled.join("") + text.slice(copied);
}
