/** Seals the secrets of endpoints in the development stack. Everyone knows it; production refuses it. */
export const DEVELOPMENT_SECRET_KEY = "development:dGlkZWdhdGUtZGV2ZWxvcG1lbnQtb25seS1zZWFsLTE=";

/** Whether one of the keys is the known one, under whatever id. */
export function hasDevelopmentKey(keys: readonly string[]): boolean {
  const [, known = ""] = DEVELOPMENT_SECRET_KEY.split(":");
  return keys.some((key) => key.endsWith(`:${known}`));
}
