import { DEVELOPMENT_KEY } from "@tidegate/auth";
import { expect, test } from "vitest";
import { gatewayEnvironment } from "./gateway-environment.ts";

const place = { name: "n1", port: 4080, operationsPort: 4180 };

test("a gateway is told its place and the development secret", () => {
  expect(gatewayEnvironment({ ...place, natsUrl: "nats://127.0.0.1:4222" })).toEqual({
    TIDEGATE_NODE_NAME: "n1",
    TIDEGATE_NATS_SERVERS: "nats://127.0.0.1:4222",
    TIDEGATE_LISTEN_PORT: "4080",
    TIDEGATE_OPERATIONS_PORT: "4180",
    TIDEGATE_AUTH_SECRET: DEVELOPMENT_KEY.secret,
  });
});

test.each([
  ["nats://app:secret@nats:4222", { TIDEGATE_NATS_USER: "app", TIDEGATE_NATS_PASSWORD: "secret" }],
  ["nats://secret@nats:4222", { TIDEGATE_NATS_TOKEN: "secret" }],
])("credentials in %s travel apart from the address", (natsUrl, expected) => {
  expect(gatewayEnvironment({ ...place, natsUrl })).toMatchObject({
    ...expected,
    TIDEGATE_NATS_SERVERS: "nats://nats:4222",
  });
});
