import {
  CLIENT_MESSAGES,
  CLOSE_CODES,
  ERROR_CODES,
  isChannelToken,
  MAX_CHANNEL_BYTES,
  MAX_CHANNEL_TOKENS,
  MAX_CURSOR_BYTES,
  MAX_CURSOR_NAMESPACES,
  type MessageDefinition,
  RESET_REASONS,
  REVISIONS,
  SERVER_MESSAGES,
  shouldReconnect,
} from "@tidegate/protocol";

/** The generated sections of PROTOCOL.md, in the order of the document. */
export function protocolSections(): ReadonlyMap<string, string> {
  return new Map([
    ["grammar", grammar()],
    ["cursor-grammar", cursorGrammar()],
    ["reset-reasons", resetReasons()],
    ["client-messages", CLIENT_MESSAGES.map(messageSection).join("\n\n")],
    ["server-messages", SERVER_MESSAGES.map(messageSection).join("\n\n")],
    ["error-codes", errorCodes()],
    ["close-codes", closeCodes()],
    ["revisions", revisions()],
  ]);
}

function grammar(): string {
  return [
    `A channel is 1 to ${MAX_CHANNEL_TOKENS} tokens joined by dots, at most ${MAX_CHANNEL_BYTES} bytes in all. A token is one or more of`,
    `these characters: \`${tokenCharacters()}\`.`,
  ].join("\n");
}

function cursorGrammar(): string {
  return [
    `A cursor is at most ${MAX_CURSOR_BYTES} bytes of \`A-Z a-z 0-9 . _ -\`, so that it can stand in an address, a header or an \`id:\` as it is, and`,
    `cross origins as \`Last-Event-ID\` without a preflight. It speaks of at most ${MAX_CURSOR_NAMESPACES} namespaces.`,
  ].join("\n");
}

function resetReasons(): string {
  return table(
    ["reason", "meaning"],
    Object.entries(RESET_REASONS).map(([name, meaning]) => [`\`${name}\``, meaning]),
  );
}

/** Asks the grammar itself, and joins neighbours of one kind into ranges: `0-9 A-Z …`. */
function tokenCharacters(): string {
  const ranges: { first: string; last: string }[] = [];
  for (let code = 0; code < 128; code += 1) {
    const character = String.fromCharCode(code);
    const range = ranges.at(-1);
    if (!isChannelToken(character)) {
      continue;
    }
    const isNext =
      /[A-Za-z0-9]/.test(character) && range !== undefined && range.last.charCodeAt(0) + 1 === code;
    if (isNext && /[A-Za-z0-9]/.test(range.last)) {
      range.last = character;
    } else {
      ranges.push({ first: character, last: character });
    }
  }
  return ranges.map(({ first, last }) => (first === last ? first : `${first}-${last}`)).join(" ");
}

function messageSection({ type, direction, summary, fields, example }: MessageDefinition): string {
  const rows = Object.entries(fields).map(([name, field]) => [
    `\`${name}\``,
    `${field.expected}${field.optional ? "; optional" : ""}`,
    field.doc,
  ]);
  return [
    `#### \`${type}\` (${direction === "client" ? "client to node" : "node to client"})`,
    `${summary}\nExample: \`${JSON.stringify(example)}\``,
    ...(rows.length === 0 ? [] : [table(["field", "value", "meaning"], rows)]),
  ].join("\n\n");
}

function errorCodes(): string {
  return table(
    ["code", "retryable", "HTTP status", "meaning"],
    Object.entries(ERROR_CODES).map(([name, { status, retryable, meaning }]) => [
      `\`${name}\``,
      retryable ? "yes" : "no",
      String(status),
      meaning,
    ]),
  );
}

function closeCodes(): string {
  return table(
    ["code", "name", "reconnect", "meaning"],
    Object.entries(CLOSE_CODES)
      .sort(([, first], [, second]) => first.code - second.code)
      .map(([name, { code, meaning }]) => [
        String(code),
        `\`${name}\``,
        shouldReconnect(code) ? "yes" : "no",
        meaning,
      ]),
  );
}

function revisions(): string {
  return table(
    ["revision", "what it added"],
    REVISIONS.map(({ revision, change }) => [String(revision), change]),
  );
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [head, head.map(() => "---"), ...rows.map((row) => row.map(cell))];
  return lines.map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|");
}
