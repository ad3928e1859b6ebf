import type { Logger } from "../logger/create-logger.ts";
import type { SettingsFrom } from "../settings/define-settings.ts";
import type { Tracing } from "./tracing.ts";
import { collectorHeaders, type tracingSettings } from "./tracing-settings.ts";

export interface TracedService {
  /** The program; what traces call it unless the settings say otherwise. */
  readonly service: string;
  /** Tells the processes of the service apart. */
  readonly instance: string;
}

/**
 * Starts tracing where the settings ask for it. The library is loaded only then: without, it costs neither time nor memory.
 *
 * @returns undefined where it is off.
 */
export async function startTracing(
  settings: SettingsFrom<typeof tracingSettings>["tracing"],
  { service, instance }: TracedService,
  logger: Logger,
): Promise<Tracing | undefined> {
  if (!settings.enabled) return undefined;
  const { endpoint, sampleRatio, serviceName = service } = settings;
  const headers = collectorHeaders(settings.headers);
  const { openTelemetry } = await import("./open-telemetry.ts");
  logger.info({ sampleRatio }, "traces are sent to a collector");
  return openTelemetry({
    endpoint,
    headers,
    sampleRatio,
    resource: { "service.name": serviceName, "service.instance.id": instance },
    onExport: (failure) => {
      if (failure === undefined) logger.info("the collector takes spans again");
      else logger.warn({ reason: failure }, "the collector takes no spans; they are dropped");
    },
  });
}
