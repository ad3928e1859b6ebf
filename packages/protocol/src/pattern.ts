/**
 * Whether every channel that `target` names is also named by `pattern`. Both are token lists of well-formed
 * patterns; `target` may be a plain channel. A `*` never covers `>`, since `>` names longer channels too.
 */
export function covers(pattern: readonly string[], target: readonly string[]): boolean {
  for (let index = 0; index < pattern.length; index += 1) {
    const wanted = pattern[index];
    const token = target[index];
    if (token === undefined) {
      return false;
    }
    if (wanted === ">") {
      return true;
    }
    if (token === ">") {
      return false;
    }
    if (wanted !== "*" && wanted !== token) {
      return false;
    }
  }
  return pattern.length === target.length;
}
