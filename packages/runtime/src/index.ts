export type { Environment } from "./environment.ts";
export { readEnvironment } from "./environment.ts";
