import { createHash } from "node:crypto";
import { clockSkew, readUnixSeconds } from "../../signing/clock-skew.ts";
import { hmacMatches } from "./hmac-match.ts";
import {
  FORM_TYPE,
  genuine,
  type HookRequest,
  type HookScheme,
  type HookVerdict,
  JSON_TYPE,
  refused,
} from "./hook-scheme.ts";
import { readJsonFields } from "./json-body.ts";

const PREFIX = "v0=";
const LONGEST_CHALLENGE = 1024;

/**
 * Slack: `v0:<seconds>:<body>` is signed. Answers the challenge that Slack sends to a new address, once it is known to be from Slack.
 * Slash commands and interactions come as forms.
 */
export function slackScheme(secrets: readonly string[]): HookScheme {
  return {
    contentTypes: [JSON_TYPE, FORM_TYPE],
    acceptance: undefined,
    verify: (request, nowMs) => {
      const header = request.header("x-slack-signature");
      const timestamp = request.header("x-slack-request-timestamp");
      if (header === undefined || timestamp === undefined) return refused("missing_header");
      const seconds = readUnixSeconds(timestamp);
      if (seconds === undefined || !header.startsWith(PREFIX)) return refused("malformed_header");
      const skew = clockSkew(seconds, nowMs);
      if (skew !== "fits") return refused(skew);
      const match = {
        algorithm: "sha256",
        encoding: "hex",
        signatures: [header.slice(PREFIX.length)],
      } as const;
      if (!hmacMatches(match, secrets, [`v0:${timestamp}:`, request.body])) return refused("wrong_signature");
      return request.contentType === FORM_TYPE ? readForm(request, timestamp) : readEvent(request);
    },
  };
}

function readEvent({ body }: HookRequest): HookVerdict {
  const fields = readJsonFields(body);
  if (fields?.["type"] === "url_verification") {
    const challenge = fields["challenge"];
    return typeof challenge === "string" && challenge.length <= LONGEST_CHALLENGE
      ? { kind: "answer", text: challenge }
      : refused("malformed_body");
  }
  const inner = fields?.["event"];
  const type = typeof inner === "object" && inner !== null && "type" in inner ? inner.type : fields?.["type"];
  return genuine(fields?.["event_id"], type, "malformed_body");
}

function readForm({ body }: HookRequest, timestamp: string): HookVerdict {
  const form = new URLSearchParams(body.toString("utf8"));
  const payload = form.get("payload");
  const fields = payload === null ? undefined : readJsonFields(payload);
  if (payload !== null && fields === undefined) return refused("malformed_body");
  const trigger = form.get("trigger_id") ?? fields?.["trigger_id"];
  const event = form.get("command") ?? fields?.["type"];
  // Some interactions have no id. Slack does not repeat them, and time and body are signed: nobody else can either.
  const id = trigger ?? createHash("sha256").update(`${timestamp}:`).update(body).digest("base64url");
  return genuine(id, event, "malformed_body");
}
