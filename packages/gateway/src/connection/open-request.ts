import { type Cursor, decodeCursor, patternProblem } from "@tidegate/protocol";
import { type Format, messageFraming } from "../fan-out/format.ts";

/** What the address of a connection asks for. */
interface OpenRequest {
  readonly format: Format;
  /** Well-formed channels and patterns to subscribe to once authenticated. */
  readonly channels: readonly string[];
  /** Where to resume those that are replayable. */
  readonly since: Cursor | undefined;
  readonly query: URLSearchParams;
}

export type OpenRequestResult =
  | { readonly ok: true; readonly request: OpenRequest }
  | { readonly ok: false; readonly message: string };

/** The SDK asks for everything in `connect`. */
const NOTHING: OpenRequestResult = {
  ok: true,
  request: { format: "json", channels: [], since: undefined, query: new URLSearchParams() },
};

/**
 * Reads the query string of `/v1/ws`. Unknown parameters are ignored: proxies and pages add their own.
 *
 * @param maxChannels how many channels one connection may subscribe to.
 */
export function readOpenRequest(queryString: string, maxChannels: number): OpenRequestResult {
  return queryString === "" ? NOTHING : readQuery(queryString, maxChannels);
}

function readQuery(queryString: string, maxChannels: number): OpenRequestResult {
  const query = new URLSearchParams(queryString);
  const format = query.get("format") ?? "json";
  if (format !== "json" && format !== "raw") {
    return { ok: false, message: "format must be json or raw" };
  }
  const binary = query.get("binary") ?? "false";
  if (binary !== "true" && binary !== "false") {
    return { ok: false, message: "binary must be true or false" };
  }
  const batch = query.get("batch") ?? "false";
  if (batch !== "true" && batch !== "false") {
    return { ok: false, message: "batch must be true or false" };
  }
  const channels = (query.get("channels") ?? "").split(",").filter((channel) => channel !== "");
  if (channels.length > maxChannels) {
    return { ok: false, message: `at most ${maxChannels} channels` };
  }
  for (const channel of channels) {
    const problem = patternProblem(channel);
    if (problem !== undefined) {
      return { ok: false, message: `a channel ${problem}` };
    }
  }
  const cursor = query.get("since");
  const since = cursor === null ? undefined : decodeCursor(cursor);
  if (cursor !== null && since === undefined) {
    return { ok: false, message: "since is no cursor" };
  }
  const wanted = format === "raw" ? format : messageFraming(binary === "true", batch === "true");
  return { ok: true, request: { format: wanted, channels, since, query } };
}
