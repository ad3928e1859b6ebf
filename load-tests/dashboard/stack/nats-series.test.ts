import { expect, test } from "vitest";
import { natsSeries } from "./nats-series.ts";

test("figures get the names that the exporter gives them", () => {
  const consumer_detail = [{ name: "c", num_pending: 3, num_ack_pending: 1 }];
  const text = natsSeries(
    "n1",
    { connections: 4, server_name: "x" },
    {
      bytes: 5,
      config: { max_storage: 10 },
      account_details: [{ stream_detail: [{ name: "s", state: { messages: 7 }, consumer_detail }] }],
    },
  );
  const stream = 'server_id="n1",stream_name="s",is_stream_leader="true"';
  expect(text.split("\n")).toStrictEqual([
    'nats_varz_connections{server_id="n1"} 4',
    'nats_server_total_message_bytes{server_id="n1"} 5',
    'nats_server_max_storage{server_id="n1"} 10',
    `nats_stream_total_messages{${stream}} 7`,
    `nats_consumer_num_pending{${stream},consumer_name="c",is_consumer_leader="true"} 3`,
    `nats_consumer_num_ack_pending{${stream},consumer_name="c",is_consumer_leader="true"} 1`,
    "",
  ]);
});
