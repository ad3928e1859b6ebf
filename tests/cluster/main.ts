import { runCommand } from "../../load-tests/command.ts";
import { startProgress } from "../../load-tests/progress.ts";
import { checkCluster } from "./check-cluster.ts";
import { CLUSTER_USAGE, parseClusterArguments } from "./cluster-arguments.ts";

await runCommand({
  name: "check:cluster",
  usage: CLUSTER_USAGE,
  parse: parseClusterArguments,
  run: async (options, signal) =>
    await checkCluster(options, signal, (line) => process.stdout.write(`${line}\n`), startProgress()),
});
