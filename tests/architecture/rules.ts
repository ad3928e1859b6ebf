import { filesAreNamed, filesAreShort } from "./file-rules.ts";
import {
  arrowsPointDown,
  dependenciesAreDeclared,
  importsRunOneWay,
  importsStayShallow,
  natsIsConfined,
  openTelemetryIsConfined,
  relativeImportsResolve,
  testsStayApart,
  uwsIsConfined,
} from "./import-rules.ts";
import type { Rule } from "./rule.ts";
import {
  environmentIsReadOnce,
  noDefaultExports,
  noEnums,
  noNamespaces,
  noParameterProperties,
  noStarExports,
} from "./syntax-rules.ts";

export const RULES: readonly Rule[] = [
  arrowsPointDown,
  importsStayShallow,
  relativeImportsResolve,
  testsStayApart,
  dependenciesAreDeclared,
  uwsIsConfined,
  natsIsConfined,
  openTelemetryIsConfined,
  importsRunOneWay,
  environmentIsReadOnce,
  noDefaultExports,
  noStarExports,
  noEnums,
  noNamespaces,
  noParameterProperties,
  filesAreShort,
  filesAreNamed,
];
