import type { TestkitErrorCode } from "./testkit-error.ts";

/** A program that Debian has a package of. */
export interface DebianProgram {
  readonly name: string;
  readonly packageName: string;
  /** Where it is in the package: `usr/sbin`. */
  readonly directory: string;
  /** Names the path of one to take. */
  readonly variable: string;
  readonly missing: TestkitErrorCode;
  /** Argument that makes it print its version. */
  readonly versionArgument: string;
  /** A line of what it then prints. */
  readonly version: RegExp;
  /** Tried after PATH, which seldom holds the directories of servers. */
  readonly usualPlaces: readonly string[];
}
