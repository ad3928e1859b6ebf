import { type ExportResult, ExportResultCode } from "@opentelemetry/core";
import type { ReadableSpan, SpanExporter } from "@opentelemetry/sdk-trace";

/** Tells when a collector stops taking spans, and when it takes them again, once each: spans come all the time. */
export class ReportedExporter implements SpanExporter {
  readonly #exporter: SpanExporter;
  readonly #report: (failure: string | undefined) => void;
  #fails = false;

  /** @param report gets what went wrong, or undefined when all is well again. */
  constructor(exporter: SpanExporter, report: (failure: string | undefined) => void) {
    this.#exporter = exporter;
    this.#report = report;
  }

  export(spans: ReadableSpan[], done: (result: ExportResult) => void): void {
    this.#exporter.export(spans, (result) => {
      const fails = result.code !== ExportResultCode.SUCCESS;
      if (fails !== this.#fails) {
        this.#fails = fails;
        this.#report(fails ? (result.error?.message ?? "no reason given") : undefined);
      }
      done(result);
    });
  }

  async forceFlush(): Promise<void> {
    await this.#exporter.forceFlush?.();
  }

  async shutdown(): Promise<void> {
    await this.#exporter.shutdown();
  }
}
