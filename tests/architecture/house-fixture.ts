/** A small repository that keeps every rule, by path. */
export const HOUSE: Readonly<Record<string, string>> = {
  "package.json": json({
    workspaces: [
      "packages/protocol",
      "packages/runtime",
      "packages/auth",
      "packages/broker",
      "packages/gateway",
      "packages/testkit",
      "services/gateway",
    ],
  }),
  "tsconfig.json": json({
    references: [
      "packages/protocol",
      "packages/runtime",
      "packages/auth",
      "packages/broker",
      "packages/gateway",
      "packages/testkit",
      "services/gateway",
    ].map((path) => ({ path })),
  }),
  "vitest.config.ts": "export default { env: process.env };\n",
  "scripts/report.ts":
    'import { channel } from "@tidegate/protocol";\nimport { table } from "./report/table.ts";\n',
  "scripts/report/table.ts": "export const table = 1;\n",
  ...workspace("packages/protocol", []),
  "packages/protocol/src/index.ts":
    'export { channel } from "./channel.ts";\nexport type { Name } from "./name.ts";\n',
  "packages/protocol/src/channel.ts":
    'import type { Name } from "./name.ts";\nexport const channel: Name = "a";\n',
  "packages/protocol/src/name.ts": "export type Name = string;\n",
  ...workspace("packages/runtime", []),
  "packages/runtime/src/index.ts": "export const environment = (): unknown => process.env;\n",
  ...workspace("packages/auth", ["protocol"]),
  "packages/auth/src/index.ts":
    'import { channel } from "@tidegate/protocol";\nexport const grant = channel;\n',
  ...workspace("packages/broker", ["protocol"], ["testkit"]),
  "packages/broker/src/index.ts":
    'import { connect } from "@nats-io/transport-node";\nexport const broker = connect;\n',
  "packages/broker/src/index.nats.test.ts":
    'import { open } from "../testing/open.ts";\nimport { broker } from "./index.ts";\n',
  "packages/broker/testing/open.ts":
    'import { server } from "@tidegate/testkit";\nexport const open = server;\n',
  ...workspace("packages/gateway", ["protocol", "runtime", "auth", "broker"]),
  "packages/gateway/src/index.ts": 'export { app } from "./uws/app.ts";\n',
  "packages/gateway/src/uws/app.ts": 'import uws from "uWebSockets.js";\nexport const app = uws.App();\n',
  ...workspace("packages/testkit", ["runtime"]),
  "packages/testkit/src/index.ts":
    'import { environment } from "@tidegate/runtime";\nexport const server = environment;\n',
  ...workspace("services/gateway", ["gateway"]),
  "services/gateway/src/main.ts": 'import { app } from "@tidegate/gateway";\napp.listen(0);\n',
};

function workspace(
  directory: string,
  dependencies: readonly string[],
  devDependencies: readonly string[] = [],
): Readonly<Record<string, string>> {
  const [kind, name] = directory.split("/");
  const declare = (names: readonly string[]): Readonly<Record<string, string>> =>
    Object.fromEntries(names.map((dependency) => [`@tidegate/${dependency}`, "*"]));
  return {
    [`${directory}/package.json`]: json({
      name: kind === "packages" ? `@tidegate/${name}` : `@tidegate/${name}-service`,
      dependencies: { ...declare(dependencies), zod: "4.0.0" },
      devDependencies: declare(devDependencies),
    }),
    [`${directory}/tsconfig.json`]: json({
      references: dependencies.map((dependency) => ({ path: `../../packages/${dependency}` })),
    }),
  };
}

function json(value: unknown): string {
  return JSON.stringify(value);
}
