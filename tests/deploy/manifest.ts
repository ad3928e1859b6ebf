import { parseAllDocuments } from "yaml";

/** An object of a rendered overlay; what is in it is looked up with the functions of this file. */
export type Manifest = Readonly<Record<string, unknown>>;

export function isRecord(value: unknown): value is Manifest {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** What stands at a path of names and indexes; undefined where there is nothing. */
export function at(value: unknown, ...path: readonly (string | number)[]): unknown {
  let found = value;
  for (const step of path) {
    if (typeof step === "number") found = Array.isArray(found) ? found[step] : undefined;
    else found = isRecord(found) ? found[step] : undefined;
  }
  return found;
}

/** @throws TypeError if there is no text. */
export function textAt(value: unknown, ...path: readonly (string | number)[]): string {
  const found = at(value, ...path);
  if (typeof found !== "string") throw new TypeError(`there is no text at ${path.join(".")}`);
  return found;
}

/** @throws TypeError if there is no number. */
export function numberAt(value: unknown, ...path: readonly (string | number)[]): number {
  const found = at(value, ...path);
  if (typeof found !== "number") throw new TypeError(`there is no number at ${path.join(".")}`);
  return found;
}

/** Empty where there is none. */
export function listAt(value: unknown, ...path: readonly (string | number)[]): readonly unknown[] {
  const found = at(value, ...path);
  return Array.isArray(found) ? found : [];
}

/** Empty where there is none. */
export function recordAt(value: unknown, ...path: readonly (string | number)[]): Manifest {
  const found = at(value, ...path);
  return isRecord(found) ? found : {};
}

export function kindOf(manifest: unknown): string {
  return textAt(manifest, "kind");
}

/** `Deployment tidegate-gateway` */
export function titleOf(manifest: unknown): string {
  return `${kindOf(manifest)} ${textAt(manifest, "metadata", "name")}`;
}

/** @throws TypeError for a document that is not an object. */
export function parseManifests(text: string): readonly Manifest[] {
  return parseAllDocuments(text).map((document) => {
    const manifest: unknown = document.toJS();
    if (!isRecord(manifest)) throw new TypeError("a manifest is an object");
    return manifest;
  });
}
