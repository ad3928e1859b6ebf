import type { Field } from "./field.ts";

export type Fields = Readonly<Record<string, Field<unknown>>>;

/**
 * A wire message, declared once: its type, its check and its section of PROTOCOL.md all come from here.
 */
export interface MessageDefinition<Type extends string = string, F extends Fields = Fields> {
  readonly type: Type;
  readonly direction: "client" | "server";
  readonly summary: string;
  readonly fields: F;
  readonly example: Readonly<Record<string, unknown>>;
}

type ValueOf<F> = F extends Field<infer T> ? T : never;
type RequiredNames<F extends Fields> = {
  [Name in keyof F]: F[Name] extends { optional: false } ? Name : never;
}[keyof F];

/** The TypeScript shape of a defined message. */
export type MessageOf<D extends MessageDefinition> =
  D extends MessageDefinition<infer Type, infer F>
    ? { readonly type: Type } & { readonly [Name in RequiredNames<F>]: ValueOf<F[Name]> } & {
        readonly [Name in Exclude<keyof F, RequiredNames<F>>]?: ValueOf<F[Name]> | undefined;
      }
    : never;

export function defineMessage<const Type extends string, F extends Fields>(
  definition: MessageDefinition<Type, F>,
): MessageDefinition<Type, F> {
  return definition;
}
