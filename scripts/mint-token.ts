import { runTokenCommand } from "./token/token-command.ts";

const { code, out, err } = await runTokenCommand(process.argv.slice(2));
process.stdout.write(out);
process.stderr.write(err);
process.exitCode = code;
