/**
 * The sizes of this run: those of a first look where `PROFILE` is `smoke`, else the full ones. Each can be set by
 * a variable of its name in capitals: `-e CLIENTS=500`.
 *
 * @throws Error if a variable is no number.
 */
export function sizes<Name extends string>(profiles: {
  readonly smoke: Readonly<Record<Name, number>>;
  readonly full: Readonly<Record<Name, number>>;
}): Readonly<Record<Name, number>> {
  const chosen: Record<Name, number> = { ...(__ENV["PROFILE"] === "smoke" ? profiles.smoke : profiles.full) };
  for (const name of Object.keys(chosen) as Name[]) {
    const variable = name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase();
    const text = __ENV[variable];
    if (text !== undefined) {
      const value = Number(text);
      if (!Number.isFinite(value)) {
        throw new Error(`${variable} must be a number, not ${text}`);
      }
      chosen[name] = value;
    }
  }
  return chosen;
}
