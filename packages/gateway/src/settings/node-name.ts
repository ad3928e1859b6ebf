import { text } from "@tidegate/runtime";

/** What can stand in a NATS subject and a connection name alike. */
export const nodeName = text({
  max: 64,
  pattern: { test: /^[A-Za-z0-9_-]+$/, expects: "letters, digits, _ and -" },
});
