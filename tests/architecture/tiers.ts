/** Which packages each package or service may import. Arrows point down only: each row names rows above it. */
export const TIERS: ReadonlyMap<string, readonly string[]> = new Map(
  Object.entries({
    "packages/protocol": [],
    "packages/runtime": [],
    "packages/client": ["protocol"],
    "packages/auth": ["protocol"],
    "packages/broker": ["protocol"],
    "packages/gateway": ["protocol", "runtime", "auth", "broker"],
    "packages/webhooks": ["protocol", "runtime", "broker"],
    "packages/testkit": ["protocol", "runtime"],
    "services/gateway": ["protocol", "runtime", "auth", "broker", "gateway"],
    "services/webhooks": ["protocol", "runtime", "auth", "broker", "webhooks"],
    // The development stack: the only service that may run what tests run.
    "services/demo": ["protocol", "client", "runtime", "auth", "broker", "webhooks", "testkit"],
  }).map(([directory, names]) => [directory, names.map((name) => `packages/${name}`)]),
);

/** What every test may import besides. */
export const TESTS_MAY_IMPORT = "packages/testkit";
