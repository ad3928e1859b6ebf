/** Longest channel, pattern or method, in bytes (the grammar is ASCII, so also in characters). */
export const MAX_CHANNEL_BYTES = 200;
/** Most dot-separated tokens of a channel, pattern or method. */
export const MAX_CHANNEL_TOKENS = 8;

const TOKEN_CHARACTERS = "A-Z a-z 0-9 _ = @ , ; : -";

/**
 * 1 for each ASCII code that a token may hold. The set leaves out what NATS gives a meaning (`.`, `*`, `>`,
 * white space), so that a channel can be joined into a subject without escaping.
 */
const TOKEN_TABLE: Uint8Array = (() => {
  const table = new Uint8Array(128);
  for (const character of "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_=@,;:-") {
    table[character.charCodeAt(0)] = 1;
  }
  return table;
})();

const DOT = 0x2e;
const STAR = 0x2a;
const GREATER = 0x3e;

/** Whether `text` could stand as one whole token: what a `{sub}` template may be filled with. */
export function isChannelToken(text: string): boolean {
  if (text.length === 0) {
    return false;
  }
  for (let index = 0; index < text.length; index += 1) {
    if (TOKEN_TABLE[text.charCodeAt(index)] !== 1) {
      return false;
    }
  }
  return true;
}

/** Says what is wrong with a channel (or a request method), or `undefined` if it follows the grammar. */
export function channelProblem(text: string): string | undefined {
  return scan(text, false);
}

/** As {@link channelProblem}, for a pattern: `*` stands for one token, a last `>` for one or more. */
export function patternProblem(text: string): string | undefined {
  return scan(text, true);
}

/** Whether a well-formed pattern holds a wildcard, that is, names more than one channel. */
export function isPattern(text: string): boolean {
  return text.includes("*") || text.includes(">");
}

/** The first token: it selects the policy. Only meaningful for a well-formed channel or pattern. */
export function namespaceOf(channel: string): string {
  const dot = channel.indexOf(".");
  return dot === -1 ? channel : channel.slice(0, dot);
}

function scan(text: string, wildcards: boolean): string | undefined {
  if (text.length === 0) {
    return "is empty";
  }
  if (text.length > MAX_CHANNEL_BYTES) {
    return `is longer than ${MAX_CHANNEL_BYTES} bytes`;
  }
  let tokens = 1;
  let tokenStart = 0;
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (code === DOT) {
      if (index === tokenStart) {
        return "has an empty token";
      }
      tokens += 1;
      tokenStart = index + 1;
    } else if (code === STAR || code === GREATER) {
      if (!wildcards) {
        return "holds a wildcard where one channel is wanted";
      }
      if (index !== tokenStart || (index + 1 < text.length && text.charCodeAt(index + 1) !== DOT)) {
        return "holds a wildcard inside a token; a wildcard is a token of its own";
      }
      if (code === GREATER && index + 1 !== text.length) {
        return "holds '>' before the last token";
      }
    } else if (TOKEN_TABLE[code] !== 1) {
      return `holds a character outside ${TOKEN_CHARACTERS}`;
    }
  }
  if (tokenStart === text.length) {
    return "has an empty token";
  }
  return tokens > MAX_CHANNEL_TOKENS ? `has more than ${MAX_CHANNEL_TOKENS} tokens` : undefined;
}
