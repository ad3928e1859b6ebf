/** Of the series that the dashboard reads, all that are not of the target. */
export const NATS_EXPORTER_LABELS: readonly string[] = [
  ...["server_id", "stream_name", "is_stream_leader", "consumer_name", "is_consumer_leader"],
];

/**
 * Where the exporter of NATS's chart has its figures from: those of /varz it calls like the field, those of /jsz as here. Each with
 * fields that lead there; through lists, to the first.
 */
const OF_JETSTREAM: Readonly<Record<string, readonly (string | number)[]>> = {
  nats_server_total_message_bytes: ["bytes"],
  nats_server_max_storage: ["config", "max_storage"],
  nats_stream_total_messages: ["account_details", 0, "stream_detail", 0, "state", "messages"],
  nats_consumer_num_pending: [
    ...["account_details", 0, "stream_detail", 0, "consumer_detail", 0, "num_pending"],
  ],
  nats_consumer_num_ack_pending: [
    ...["account_details", 0, "stream_detail", 0, "consumer_detail", 0, "num_ack_pending"],
  ],
};

const OF_SERVER = /^nats_varz_(\w+)$/;

/** Whether it can only be a series of the exporter. */
export function isOfNatsExporter(metric: string): boolean {
  return OF_SERVER.test(metric) || metric in OF_JETSTREAM;
}

/** Which page of a NATS server's monitoring has the figure, and where; `undefined` if the exporter has no such series. */
export function sourceOf(
  metric: string,
): { readonly page: "/varz" | "/jsz"; readonly fields: readonly (string | number)[] } | undefined {
  const [, field] = OF_SERVER.exec(metric) ?? [];
  if (field !== undefined) return { page: "/varz", fields: [field] };
  const fields = OF_JETSTREAM[metric];
  return fields === undefined ? undefined : { page: "/jsz", fields };
}
