import { openStreamProvisioner, resolveBrokerOptions } from "@tidegate/broker";
import type { NatsConnection } from "@tidegate/testkit";
import { brokerOptions } from "../src/settings/broker-options.ts";
import type { GatewaySettings } from "../src/settings/gateway-settings.ts";

/** Makes the streams of the namespaces with history, as the provisioning command does. */
export async function makeStreams(settings: GatewaySettings): Promise<void> {
  const options = resolveBrokerOptions(brokerOptions(settings, "provisioning"));
  if (options.histories.size === 0) {
    return;
  }
  const provisioner = await openStreamProvisioner(options);
  try {
    for (const plan of await provisioner.plan([])) {
      await provisioner.apply(plan);
    }
  } finally {
    await provisioner.close();
  }
}

/** One call of the JetStream API, such as `STREAM.PURGE.rt_chat`; throws with the server's words if it refuses. */
export async function jetStream(client: NatsConnection, method: string, body: object = {}): Promise<object> {
  const { data } = await client.request(`$JS.API.${method}`, JSON.stringify(body), { timeout: 5_000 });
  const answer = JSON.parse(Buffer.from(data).toString()) as { readonly error?: unknown };
  if (answer.error !== undefined) {
    throw new TypeError(`${method}: ${JSON.stringify(answer.error)}`);
  }
  return answer;
}
