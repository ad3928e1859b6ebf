/** Units a size may be written in. Decimal and binary are both exact: 1 kB is 1000 bytes, 1 KiB is 1024. */
export const SIZE_UNITS = {
  B: 1,
  kB: 1000,
  MB: 1000 ** 2,
  GB: 1000 ** 3,
  KiB: 1024,
  MiB: 1024 ** 2,
  GiB: 1024 ** 3,
} as const;

/** Units a duration may be written in, as milliseconds. */
export const DURATION_UNITS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** The whole number a text such as `64KiB`, `30s` or `65536` stands for, or `undefined` if it is none. */
export function parseQuantity(text: string, units: Readonly<Record<string, number>>): number | undefined {
  const match = /^([0-9]{1,16})(?: ?([A-Za-z]{1,3}))?$/.exec(text.trim());
  if (match === null) return undefined;
  const [, digits, unit] = match;
  const factor = unit === undefined ? 1 : Object.hasOwn(units, unit) ? units[unit] : undefined;
  if (factor === undefined) return undefined;
  const value = Number(digits) * factor;
  return Number.isSafeInteger(value) ? value : undefined;
}
