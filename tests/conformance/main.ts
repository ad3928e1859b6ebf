import { parseArgs } from "node:util";
import { perform, type Run, runsOf } from "./run-scenario.ts";
import { SCENARIOS } from "./scenarios/every-scenario.ts";
import { Nodes, type Target } from "./target.ts";

const USAGE = `Usage: npm run conformance -- --url <address> --token <token> [options]

Runs the conformance suite against a deployment: over WebSocket, event streams, long and short polling. Prints a line for each
scenario and transport: pass, differs (on purpose, and in what), skip (what it needs), or FAIL. Exits with 1 if any failed.

  --url <address>               of a node or a balancer, http or https; several take turns
  --token <token>               grants subscribe, publish and history below the prefixes
  --channel-prefix <channel>    replayable, publish: direct; default feed.conformance
  --second-prefix <channel>     the same in another namespace
  --live-prefix <channel>       in a namespace without history, publish: direct
  --echo-method <method>        a method whose backend replies with what it was sent; the token grants it
  --expired-token <token>       one that was good once
  --messages-per-channel <n>    what the namespace of the prefix keeps, if that is not much more than 1000
  --only <text>                 only scenarios whose name, topic or transport contains it
  --at-once <n>                 how many run at the same time; default 4
`;

interface Outcome {
  readonly word: "pass" | "differs" | "skip" | "FAIL";
  readonly detail: string;
}

const { values } = parseArgs({
  options: {
    url: { type: "string", multiple: true },
    token: { type: "string" },
    "channel-prefix": { type: "string", default: "feed.conformance" },
    "second-prefix": { type: "string" },
    "live-prefix": { type: "string" },
    "echo-method": { type: "string" },
    "expired-token": { type: "string" },
    "messages-per-channel": { type: "string" },
    only: { type: "string", default: "" },
    "at-once": { type: "string", default: "4" },
    help: { type: "boolean", short: "h", default: false },
  },
});

if (values.help || values.url === undefined || values.token === undefined) {
  process.stdout.write(USAGE);
  process.exitCode = values.help ? 0 : 2;
} else {
  process.exitCode = await runAll({
    nodes: new Nodes(values.url.map((url) => new URL(url))),
    token: values.token,
    prefix: values["channel-prefix"],
    secondPrefix: values["second-prefix"],
    livePrefix: values["live-prefix"],
    echoMethod: values["echo-method"],
    expiredToken: values["expired-token"],
    messagesPerChannel:
      values["messages-per-channel"] === undefined ? undefined : Number(values["messages-per-channel"]),
  });
}

async function runAll(target: Target): Promise<number> {
  const runs = Object.entries(SCENARIOS).flatMap(([topic, scenarios]) =>
    scenarios
      .flatMap(runsOf)
      .map((run) => ({ run, label: `${run.over}: ${topic}: ${run.scenario.name}` }))
      .filter(({ label }) => label.includes(values.only)),
  );
  const counts = { pass: 0, differs: 0, skip: 0, FAIL: 0 };
  const waiting = runs.values();
  const worker = async (): Promise<void> => {
    for (const { run, label } of waiting) {
      const { word, detail } = await outcomeOf(run, target);
      counts[word] += 1;
      process.stdout.write(`${word.padEnd(7)} ${label}${detail === "" ? "" : ` (${detail})`}\n`);
    }
  };
  await Promise.all(Array.from({ length: Number(values["at-once"]) }, worker));
  process.stdout.write(
    `\n${counts.pass} passed, ${counts.differs} differ as they should, ${counts.skip} skipped, ${counts.FAIL} failed\n`,
  );
  return counts.FAIL === 0 ? 0 : 1;
}

async function outcomeOf(run: Run, target: Target): Promise<Outcome> {
  const need = run.scenario.needs?.(target);
  if (need !== undefined) {
    return { word: "skip", detail: `needs ${need}` };
  }
  try {
    const differences = await perform(run, target);
    return { word: differences.length === 0 ? "pass" : "differs", detail: differences.join("; ") };
  } catch (error) {
    return { word: "FAIL", detail: error instanceof Error ? error.message : String(error) };
  }
}
