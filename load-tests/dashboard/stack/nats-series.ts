interface ConsumerDetail {
  readonly name: string;
  readonly num_pending: number;
  readonly num_ack_pending: number;
}

/** As far as it is read here of what `/jsz` answers. */
export interface JetStreamPage {
  readonly bytes: number;
  readonly config: { readonly max_storage: number };
  readonly account_details?: readonly {
    readonly stream_detail?: readonly {
      readonly name: string;
      readonly state: { readonly messages: number };
      readonly consumer_detail?: readonly ConsumerDetail[];
    }[];
  }[];
}

/**
 * What a NATS server says of itself, as series of the names that the exporter of NATS's chart gives them: figures of `/varz` by their
 * field, and of JetStream those that the dashboard asks for.
 */
export function natsSeries(
  server: string,
  varz: Readonly<Record<string, unknown>>,
  { bytes, config, account_details: accounts = [] }: JetStreamPage,
): string {
  const line = (name: string, value: number, labels = ""): string =>
    `nats_${name}{server_id="${server}"${labels}} ${value}\n`;
  const streams = accounts.flatMap(({ stream_detail: details = [] }) => details);
  return [
    ...Object.entries(varz).flatMap(([field, value]) =>
      typeof value === "number" ? [line(`varz_${field}`, value)] : [],
    ),
    line("server_total_message_bytes", bytes),
    line("server_max_storage", config.max_storage),
    ...streams.flatMap(({ name, state, consumer_detail: consumers = [] }) => {
      const stream = `,stream_name="${name}",is_stream_leader="true"`;
      return [
        line("stream_total_messages", state.messages, stream),
        ...consumers.flatMap((consumer) => {
          const labels = `${stream},consumer_name="${consumer.name}",is_consumer_leader="true"`;
          return [
            line("consumer_num_pending", consumer.num_pending, labels),
            line("consumer_num_ack_pending", consumer.num_ack_pending, labels),
          ];
        }),
      ];
    }),
  ].join("");
}
