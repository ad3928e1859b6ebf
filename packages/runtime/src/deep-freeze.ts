/** Instances that keep their own ways of changing; frozen or not makes no difference to them. */
type Instance = Date | RegExp | URL | ReadonlyMap<unknown, unknown> | ReadonlySet<unknown>;

/** `T` with every object and list inside it read-only. Functions and instances of built-in classes stay as they are. */
export type DeepReadonly<T> = T extends Instance | ((...parameters: never) => unknown)
  ? T
  : T extends readonly (infer Item)[]
    ? readonly DeepReadonly<Item>[]
    : T extends object
      ? { readonly [Key in keyof T]: DeepReadonly<T[Key]> }
      : T;

/**
 * Freezes plain objects and lists all the way down, in place. Instances of classes (URL, RegExp, Set) are left alone:
 * freezing them does not make them immutable and breaks some.
 */
export function deepFreeze<T>(value: T): DeepReadonly<T> {
  freeze(value);
  return value as DeepReadonly<T>;
}

function freeze(value: unknown): void {
  if (typeof value !== "object" || value === null || Object.isFrozen(value)) return;
  if (!Array.isArray(value) && !isPlain(value)) return;
  // Frozen before its members, so that a value which contains itself ends the walk.
  Object.freeze(value);
  for (const member of Object.values(value)) freeze(member);
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
