import { DEVELOPMENT_KEY, mintToken } from "@tidegate/auth";
import { readTokenArguments, TOKEN_USAGE } from "../services/demo/src/token-arguments.ts";

const parsed = readTokenArguments(process.argv.slice(2));
switch (parsed.kind) {
  case "help":
    process.stdout.write(TOKEN_USAGE);
    break;
  case "refused":
    process.stderr.write(`npm run token: ${parsed.message}; see npm run token -- --help\n`);
    process.exitCode = 2;
    break;
  case "mint":
    process.stdout.write(`${await mintToken(parsed.claims, DEVELOPMENT_KEY)}\n`);
}
