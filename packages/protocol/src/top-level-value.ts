const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;

/**
 * The JSON text of one member of a JSON object, as it was written, or `undefined` if there is none. With
 * repeated keys it is the last one, as `JSON.parse` has it.
 *
 * Parsing and writing again would not do: it changes numbers beyond 2^53 and repeated keys, and costs more.
 *
 * `text` must be a valid JSON object (parse it first); on anything else the result means nothing.
 */
export function topLevelValue(text: string, key: string): string | undefined {
  let found: string | undefined;
  let index = text.indexOf("{") + 1;
  while (index < text.length) {
    index = skipTo(text, index, QUOTE);
    if (index === -1) {
      break;
    }
    const keyEnd = skipString(text, index);
    const written = text.slice(index + 1, keyEnd - 1);
    const name: unknown = written.includes("\\") ? JSON.parse(`"${written}"`) : written;
    index = skipTo(text, keyEnd, COLON) + 1;
    const valueEnd = skipValue(text, index);
    if (name === key) {
      found = text.slice(index, valueEnd).trim();
    }
    index = valueEnd + 1;
  }
  return found;
}

function skipTo(text: string, from: number, code: number): number {
  for (let index = from; index < text.length; index += 1) {
    if (text.charCodeAt(index) === code) {
      return index;
    }
  }
  return -1;
}

/** From the opening quote to the index after the closing one. */
function skipString(text: string, from: number): number {
  let index = from + 1;
  while (index < text.length) {
    const code = text.charCodeAt(index);
    if (code === QUOTE) {
      return index + 1;
    }
    index += code === BACKSLASH ? 2 : 1;
  }
  return index;
}

/** To the comma or closing brace that ends the value. */
function skipValue(text: string, from: number): number {
  let depth = 0;
  let index = from;
  while (index < text.length) {
    const code = text.charCodeAt(index);
    if (code === QUOTE) {
      index = skipString(text, index);
      continue;
    }
    if (code === OPEN_BRACE || code === OPEN_BRACKET) {
      depth += 1;
    } else if (code === CLOSE_BRACE || code === CLOSE_BRACKET) {
      if (depth === 0) {
        return index;
      }
      depth -= 1;
    } else if (code === COMMA && depth === 0) {
      return index;
    }
    index += 1;
  }
  return index;
}
