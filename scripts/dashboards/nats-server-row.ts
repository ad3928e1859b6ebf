import type { Query, Row } from "./panel.ts";

/**
 * What the exporter says that NATS's chart brings, under the names that it gives there (`-prefix=nats`). The row stays empty without. All
 * servers that Prometheus knows: they need not be in the namespace of the gateways.
 */
export const NATS_SERVERS: Row = {
  title: "NATS servers, where their exporter runs",
  panels: [
    {
      title: "Connections",
      help: "Of each server: gateways, webhook processes, backends. All on one after a restart is normal, and evens out with the next.",
      unit: "short",
      queries: [byServer("nats_varz_connections")],
    },
    {
      title: "Messages",
      help: "Of all servers together, between each other included.",
      unit: "ops",
      queries: [
        ["sum(rate(nats_varz_in_msgs[$__rate_interval]))", "in"],
        ["sum(rate(nats_varz_out_msgs[$__rate_interval]))", "out"],
      ],
    },
    {
      title: "Cut off for reading too slowly",
      help: "Connections of whatever kind, and writes that stalled before.",
      unit: "ops",
      queries: [
        ["sum(rate(nats_varz_slow_consumers[$__rate_interval]))", "cut off"],
        ["sum(rate(nats_varz_stalled_clients[$__rate_interval]))", "stalled"],
      ],
    },
    {
      title: "CPU",
      help: "In cores.",
      unit: "percentunit",
      queries: [["nats_varz_cpu / 100", "{{server_id}}"]],
    },
    {
      title: "Memory",
      help: "In RAM.",
      unit: "bytes",
      queries: [byServer("nats_varz_mem")],
    },
    {
      title: "Storage",
      help: "Of what JetStream may have. When it is full, nothing is stored any more.",
      unit: "percentunit",
      threshold: 0.8,
      queries: [["nats_server_total_message_bytes / nats_server_max_storage", "{{server_id}}"]],
    },
    {
      title: "Kept messages",
      help: "Of each stream.",
      unit: "short",
      queries: [
        ['max by (stream_name) (nats_stream_total_messages{is_stream_leader="true"})', "{{stream_name}}"],
      ],
    },
    {
      title: "Not yet handed out",
      help: "To the consumers of each stream. Of the queue of webhooks: what waits because endpoints take it too slowly.",
      unit: "short",
      queries: [
        ['sum by (stream_name) (nats_consumer_num_pending{is_consumer_leader="true"})', "{{stream_name}}"],
      ],
    },
    {
      title: "Handed out and not acknowledged",
      help: "Tasks under way.",
      unit: "short",
      queries: [
        [
          'sum by (stream_name) (nats_consumer_num_ack_pending{is_consumer_leader="true"})',
          "{{stream_name}}",
        ],
      ],
    },
  ],
};

function byServer(metric: string): Query {
  return [metric, "{{server_id}}"];
}
