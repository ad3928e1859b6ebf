import { readdirSync, readFileSync } from "node:fs";
import { extname, join } from "node:path";

const TYPES: Readonly<Record<string, string>> = {
  ".css": "text/css; charset=utf-8",
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".svg": "image/svg+xml",
};

export interface PageFile {
  readonly type: string;
  /** Reads it anew, so that an edit shows at the next reload. */
  readonly read: () => Buffer;
}

/**
 * The files of one directory by the path they are served under, `index.html` also as `/`. Only what is listed here
 * is ever opened: an address is looked up, not turned into a file name, so none can lead out of the directory.
 *
 * @throws Error if the directory cannot be read, or TypeError if a file in it is of a type unknown here.
 */
export function listPageFiles(directory: string): ReadonlyMap<string, PageFile> {
  const files = new Map<string, PageFile>();
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    if (!entry.isFile() || entry.name.startsWith(".")) {
      continue;
    }
    const type = TYPES[extname(entry.name)];
    if (type === undefined) {
      throw new TypeError(`${entry.name} has no known type; add it to those beside this function`);
    }
    const path = join(directory, entry.name);
    files.set(`/${entry.name}`, { type, read: () => readFileSync(path) });
  }
  const index = files.get("/index.html");
  if (index !== undefined) {
    files.set("/", index);
  }
  return files;
}
