import { OptionReader } from "./option-reader.ts";

/** What the arguments of a command ask for. */
export type ParsedArguments<Options> =
  | { readonly kind: "run"; readonly options: Options }
  | { readonly kind: "help" }
  | { readonly kind: "refused"; readonly message: string };

/**
 * @param read takes the arguments apart with `parseArgs`, and throws what is wrong with them.
 * @param optionsOf makes options of them; what it has the reader refuse is refused.
 */
export function parseArguments<Parts extends { readonly values: { readonly help: boolean } }, Options>(
  read: () => Parts,
  optionsOf: (parts: Parts, reader: OptionReader) => Options,
): ParsedArguments<Options> {
  let parts: Parts;
  try {
    parts = read();
  } catch (error) {
    return { kind: "refused", message: error instanceof Error ? error.message : String(error) };
  }
  if (parts.values.help) {
    return { kind: "help" };
  }
  const reader = new OptionReader();
  const options = optionsOf(parts, reader);
  const { problem } = reader;
  return problem === undefined ? { kind: "run", options } : { kind: "refused", message: problem };
}
