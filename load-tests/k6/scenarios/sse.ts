// Event streams. k6 hands a response over when it has ended, so each stream gets a token that ends it after some
// seconds, and the next goes on from its last id. That shows how soon a stream answers, and that nothing is lost
// or comes twice, across reconnects too; when a message arrived it does not show. For latencies over SSE there is
// the native client.

import { check } from "k6";
import exec from "k6/execution";
import http from "k6/http";
import { Trend } from "k6/metrics";
import type { Options } from "k6/options";
import { EventStreamParser } from "../../chaos/clients/event-stream-parser.ts";
import { isNumbered, MessageAccount } from "./client/message-account.ts";
import { COMMON_THRESHOLDS, errors } from "./client/metrics.ts";
import { sizes } from "./client/sizes.ts";
import { publishSteadily } from "./client/steady-publisher.ts";
import { httpUrl } from "./client/target.ts";
import { tokenFor } from "./client/token.ts";

const { clients, streams, streamSeconds, settleSeconds, seconds, rate } = sizes({
  smoke: { clients: 20, streams: 2, streamSeconds: 4, settleSeconds: 2, seconds: 4, rate: 10 },
  full: { clients: 300, streams: 4, streamSeconds: 20, settleSeconds: 10, seconds: 60, rate: 10 },
});
const count = seconds * rate;
/** Beyond its token's end. */
const STREAM_GRACE_SECONDS = 15;

/** Request to the first byte of the stream. */
const firstByteTime = new Trend("tidegate_first_byte", true);

export const options: Options = {
  scenarios: {
    readers: { executor: "per-vu-iterations", vus: clients, exec: "read", maxDuration: maxDuration() },
    publisher: { executor: "per-vu-iterations", vus: 1, exec: "publish", maxDuration: maxDuration() },
  },
  thresholds: {
    ...COMMON_THRESHOLDS,
    checks: ["rate==1"],
    http_req_failed: ["rate==0"],
    tidegate_first_byte: ["p(95)<500"],
    tidegate_received: [`count==${clients * count}`],
  },
};

function maxDuration(): string {
  return `${streams * (streamSeconds + STREAM_GRACE_SECONDS) + 30}s`;
}

interface Run {
  readonly channel: string;
  readonly publishAt: number;
}

export function setup(): Run {
  return { channel: `chat.sse-${Date.now()}`, publishAt: Date.now() + settleSeconds * 1000 };
}

export function read({ channel }: Run): void {
  const client = exec.scenario.iterationInTest;
  const account = new MessageAccount(0);
  let lastId = "";
  for (let stream = 0; stream < streams; stream += 1) {
    const response = http.get(httpUrl(client + stream, `/v1/sse?channels=${channel}`), {
      headers: {
        Authorization: `Bearer ${tokenFor(`reader-${client}`, streamSeconds)}`,
        ...(lastId === "" ? {} : { "Last-Event-ID": lastId }),
      },
      timeout: `${streamSeconds + STREAM_GRACE_SECONDS}s`,
    });
    firstByteTime.add(response.timings.waiting);
    let ends = 0;
    const parser = new EventStreamParser(
      {
        onEvent: (event, data) => {
          if (event === "tidegate.end") {
            ends += 1;
          } else if (event.startsWith("tidegate.")) {
            errors.add(1);
          } else {
            const value: unknown = JSON.parse(data);
            if (isNumbered(value)) {
              account.take(value);
            }
          }
        },
        onRetry: () => {},
      },
      lastId,
    );
    parser.push(typeof response.body === "string" ? response.body : "");
    lastId = parser.lastEventId;
    check(response, {
      "is an event stream": ({ status, headers }) =>
        status === 200 && headers["Content-Type"]?.startsWith("text/event-stream") === true,
      "says that it ends": () => ends === 1,
    });
  }
  account.close(count);
}

export function publish({ channel, publishAt }: Run): void {
  publishSteadily({ channel, publishAt, count, rate });
}
