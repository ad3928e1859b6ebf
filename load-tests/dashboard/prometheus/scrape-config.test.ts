import { expect, test } from "vitest";
import { scrapeConfig } from "./scrape-config.ts";

const SHOWN = "scrape_configs: [{ job_name: tidegate-gateway }, { job_name: tidegate-webhooks }]";
const target = { job: "tidegate-gateway", instance: "n1", port: 1234 };

test("has the jobs that operators are shown, with targets of this machine", () => {
  const config = JSON.parse(scrapeConfig({ everySeconds: 2, namespace: "n", targets: [target] }, SHOWN));
  expect(config).toMatchObject({
    global: { scrape_interval: "2s" },
    scrape_configs: [
      {
        job_name: "tidegate-gateway",
        static_configs: [{ targets: ["127.0.0.1:1234"], labels: { instance: "n1", namespace: "n" } }],
      },
      { job_name: "tidegate-webhooks", static_configs: [] },
    ],
  });
});

test("refuses a target that no rule would find", () => {
  const targets = [{ ...target, job: "tidegate-gate" }];
  expect(() => scrapeConfig({ everySeconds: 2, namespace: "n", targets }, SHOWN)).toThrow("tidegate-gate");
});
